// Prints the names that `require` gives for each entry in the arguments.
for (const entry of process.argv.slice(2)) console.log(entry, ...Object.keys(require(entry)));
