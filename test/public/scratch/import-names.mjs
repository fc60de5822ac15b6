// Prints the names that `import` gives for each entry in the arguments.
for (const entry of process.argv.slice(2)) console.log(entry, ...Object.keys(await import(entry)));
