// Writes docs/reference from the doc comments, one page for each entry of the package. With --check it writes nothing, and
// fails when a committed page is not what the source says. TypeDoc reads the source; how a page looks is decided here.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * The entries that have a page: src/<name>.ts is `websockets-ts/<name>`, and index the package itself. What an entry passes
 * on from another page (`passesOn`) stands there. `below` names the class whose members another class of the page has too,
 * where the declarations do not tell.
 */
const ENTRIES = [
  {
    name: 'index',
    about:
      'Client, server, and what both speak of. `websockets-ts/client` and `websockets-ts/server` have the parts of this that a client or a server needs. The [errors](exceptions.md) are here too.',
    passesOn: 'exceptions',
  },
  {
    name: 'protocol',
    about: 'The protocol without I/O: bytes in, events and bytes out. For transports of your own, and for tests.',
    below: { ClientProtocol: 'Protocol', ServerProtocol: 'Protocol' },
  },
  {
    name: 'router',
    about: 'A server whose handlers are chosen by path. [How to](../howto/routing.md) use it.',
  },
  {
    name: 'compat',
    about:
      "For programs that come from Python: its legacy API, and the functions of the other entries in Python's spelling. [Which is which](../howto/from-python.md).",
  },
  {
    name: 'extensions',
    about: 'Compression with other settings than the default, and what an extension of your own implements.',
  },
  {
    name: 'testing',
    about:
      'Connections, servers, a network with faults and a clock in memory, for tests of what you build. [How to](../howto/testing.md) use it.',
  },
  {
    name: 'headers',
    about: 'The grammars of the headers in the opening handshake.',
  },
  {
    name: 'exceptions',
    about:
      'Every error that the package makes. Network errors of the runtime, and the errors of your own code, pass through as they are.',
  },
];

const { name: PACKAGE } = JSON.parse(readFileSync('package.json', 'utf8'));

// TypeDoc lives in the docs workspace, with a TypeScript of its own that has the API it needs.
const docs = createRequire(new URL('../docs/package.json', import.meta.url));
const { Application, Converter, ReferenceType, ReflectionKind } = await import(
  pathToFileURL(docs.resolve('typedoc')).href
);

/** Whether it only completes something of ours that has no heading: a class with what the runtime has, options with defaults. */
const completesAnother = (one) =>
  one.extendedTypes?.some(
    ({ name, package: from, reflection }) => reflection === undefined && (from === PACKAGE || name === 'Omit'),
  ) ?? false;
/** Those: what they inherit is shown as their own. */
const complete = new WeakSet();

/** What stands on the page of the entry, as TypeDoc sees it. */
async function read({ name, below = {} }) {
  const app = await Application.bootstrap({
    tsconfig: 'docs/tsconfig.json',
    entryPoints: [`src/${name}.ts`],
    sort: ['source-order'],
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeProtected: true,
    preservedTypeAnnotationTags: ['@throws'],
    readme: 'none',
    skipErrorChecking: true, // The compiler does that, and says it better.
    logLevel: 'Warn',
    validation: { notExported: false, invalidLink: true, notDocumented: false },
    treatWarningsAsErrors: true,
  });
  // What is taken apart in the parameter list has no name of its own; the comments call it so.
  app.converter.on(Converter.EVENT_CREATE_PARAMETER, (_, parameter) => {
    if (parameter.name === '__namedParameters') parameter.name = 'options';
  });
  const project = await app.convert();
  if (project === undefined) throw new Error(`src/${name}.ts cannot be read`);
  app.validate(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error(`src/${name}.ts: see above`);
  const exported = project.children ?? [];
  for (const one of exported.filter(completesAnother)) {
    complete.add(one);
    const parent = exported.find(({ name }) => name === below[one.name]);
    one.extendedTypes = parent && [ReferenceType.createResolvedReference(parent.name, parent, project)];
    const shared = new Set(parent?.children.filter((member) => !isConstructor(member)).map((member) => member.name));
    one.children = one.children
      .filter((member) => !shared.has(member.name))
      .sort((a, b) => Number(isConstructor(b)) - Number(isConstructor(a)));
  }
  return exported;
}

/** One page: what it is about, what there is by kind, then each name under a heading of its own. */
function page({ name, about }, exported) {
  const headings = headingsOf(exported);
  const lines = [
    `# websockets-ts${name === 'index' ? '' : `/${name}`}`,
    '<!-- Made by scripts/reference.js from the doc comments in src/. Change them, not this page. -->',
    about,
    contents(headings),
    ...headings.map(section),
  ];
  return `${lines.join('\n\n')}\n`;
}

const GROUPS = [
  ['Functions', ReflectionKind.Function],
  ['Classes', ReflectionKind.Class],
  ['Constants', ReflectionKind.Variable],
  ['Types', ReflectionKind.Interface | ReflectionKind.TypeAlias],
];

/** A constant and a type of the same name stand under one heading. A class comes after the one that it extends, families first. */
function headingsOf(exported) {
  const byName = new Map();
  for (const reflection of exported) {
    byName.set(reflection.name, [...(byName.get(reflection.name) ?? []), reflection]);
  }
  const headings = [...byName].map(([name, reflections]) => ({ name, reflections, depth: 0 }));
  const ordered = [];
  const add = (heading, depth) => {
    if (ordered.some(({ name }) => name === heading.name)) return; // it has a second parent
    ordered.push({ ...heading, depth });
    for (const child of headings) if (parentsOf(child).includes(heading.name)) add(child, depth + 1);
  };
  const hasChildren = ({ name }) => headings.some((heading) => parentsOf(heading).includes(name));
  const roots = headings
    .filter((heading) => !parentsOf(heading).some((parent) => byName.has(parent)))
    .sort((a, b) => Number(hasChildren(b)) - Number(hasChildren(a)));
  for (const [, kind] of GROUPS) {
    for (const root of roots) if (groupOf(root) === kind) add(root, 0);
  }
  return ordered;
}

const groupOf = ({ reflections }) => GROUPS.find(([, kind]) => reflections.some((one) => one.kindOf(kind)))[1];
const parentsOf = ({ reflections }) =>
  reflections
    .flatMap((one) => one.extendedTypes ?? [])
    .filter((type) => type.reflection !== undefined)
    .map((type) => type.name);

function contents(headings) {
  const groups = GROUPS.map(([title, kind]) => [title, headings.filter((heading) => groupOf(heading) === kind)]);
  return groups
    .filter(([, members]) => members.length > 0)
    .map(([title, members]) => {
      const list = members.map(({ name, depth }) => `${'  '.repeat(depth)}- [${name}](#${name.toLowerCase()})`);
      return `${title}\n\n${list.join('\n')}`;
    })
    .join('\n\n');
}

function section({ name, reflections }) {
  const declarations = reflections.map(declaration).join('\n\n').replaceAll(' \n', '\n');
  const parts = reflections.flatMap((one) => [...prose(commentsOf(one)), members(one)]);
  return [`## ${name}`, `\`\`\`ts\n${declarations}\n\`\`\``, ...new Set(parts.filter((part) => part !== ''))].join(
    '\n\n',
  );
}

/** The reflection as one would declare it, without what it inherits. */
function declaration(one) {
  if (one.kindOf(ReflectionKind.Class | ReflectionKind.Interface)) {
    const keyword = one.kindOf(ReflectionKind.Class) ? `${one.flags.isAbstract ? 'abstract ' : ''}class` : 'interface';
    const inherits = one.extendedTypes?.length > 0 ? ` extends ${one.extendedTypes.join(', ')}` : '';
    const body = ownMembers(one).flatMap(memberDeclarations);
    const head = `${keyword} ${one.name}${typeParameters(one.typeParameters)}${inherits}`;
    return body.length === 0 ? `${head} {}` : `${head} {\n${indent(body.join('\n'))}\n}`;
  }
  if (one.kindOf(ReflectionKind.Function)) {
    return one.signatures.map((signature) => signatureText(`function ${one.name}`, signature)).join('\n');
  }
  if (one.kindOf(ReflectionKind.TypeAlias)) {
    return `type ${one.name}${typeParameters(one.typeParameters)} = ${typeText(one.type)};`;
  }
  return `const ${one.name}: ${typeText(one.type)};`;
}

/** What a class adds to the one that it extends. */
const ownMembers = (one) =>
  (one.children ?? []).filter((member) => complete.has(one) || (!isInherited(member) && !isNarrowed(member)));
const isConstructor = (member) => member.kindOf(ReflectionKind.Constructor);
const isInherited = (member) =>
  [member, ...(member.signatures ?? []), ...accessorsOf(member)].some(
    ({ inheritedFrom }) => inheritedFrom !== undefined,
  );
/** Redeclared only to be precise about the type. Worth showing when the type is a value, as `'INVALID_URI'`. */
const isNarrowed = (member) => isRedeclared(member) && member.type?.type !== 'literal';
const isRedeclared = (member) =>
  !isConstructor(member) &&
  member.overwrites?.reflection !== undefined &&
  summaryOf(member) === summaryOf(member.overwrites.reflection);
const summaryOf = (one) => text(one.comment?.summary ?? []);
const accessorsOf = (member) => [member.getSignature, member.setSignature].filter((one) => one !== undefined);

function memberDeclarations(member) {
  const { flags } = member;
  const name = member.name.replace(/^\[/, '[Symbol.');
  const prefix = `${flags.isStatic ? 'static ' : ''}${flags.isAbstract ? 'abstract ' : ''}`;
  if (member.signatures !== undefined) {
    const label = isConstructor(member) ? 'constructor' : prefix + name;
    return member.signatures.map((signature) => signatureText(label, signature));
  }
  if (member.getSignature !== undefined || member.setSignature !== undefined) {
    const readonly = member.setSignature === undefined ? 'readonly ' : '';
    return [
      `${prefix}${readonly}${name}: ${typeText(member.getSignature?.type ?? member.setSignature.parameters[0].type)};`,
    ];
  }
  return [
    `${prefix}${flags.isReadonly ? 'readonly ' : ''}${name}${flags.isOptional ? '?' : ''}: ${typeText(member.type)};`,
  ];
}

/** Longer signatures and unions get a line for each part. */
const MAX_LINE = 100;

function signatureText(label, signature) {
  const isConstructor = signature.kindOf(ReflectionKind.ConstructorSignature);
  const head = `${label}${isConstructor ? '' : typeParameters(signature.typeParameters)}`;
  const result = isConstructor ? '' : `: ${typeText(signature.type)}`;
  const parameters = (signature.parameters ?? []).map(parameterText);
  const line = `${head}(${parameters.join(', ')})${result};`;
  if (line.length <= MAX_LINE || parameters.length === 0) return line;
  return `${head}(\n${parameters.map((parameter) => `${indent(parameter)},\n`).join('')})${result};`;
}

function parameterText({ name, flags, type, defaultValue }) {
  const value = defaultValue === undefined || defaultValue === '...' ? '' : ` = ${defaultValue}`;
  const optional = flags.isOptional && value === '' ? '?' : '';
  return `${flags.isRest ? '...' : ''}${name}${optional}: ${typeText(type)}${value}`;
}

const typeParameters = (parameters = []) => {
  const texts = parameters.map(({ name, type, default: fallback }) =>
    [name, ...(type ? [`extends ${typeText(type)}`] : []), ...(fallback ? [`= ${typeText(fallback)}`] : [])].join(' '),
  );
  return texts.length === 0 ? '' : `<${texts.join(', ')}>`;
};

/** A type in one line, but objects with one field a line. */
function typeText(type) {
  const { children: fields, signatures } = type.type === 'reflection' ? type.declaration : {};
  if (fields !== undefined) return `{\n${indent(fields.flatMap(memberDeclarations).join('\n'))}\n}`;
  if (signatures?.length === 1) return functionTypeText(signatures[0]);
  const line = type.toString().replace(/"([^"'\\]*)"/g, "'$1'"); // Quotes as in the source.
  if (type.type !== 'union' || line.length <= MAX_LINE) return line;
  return type.types.map((one) => `\n  | ${typeText(one)}`).join('');
}

function functionTypeText(signature) {
  const isConstructor = signature.kindOf(ReflectionKind.ConstructorSignature);
  const keywords = isConstructor ? `${signature.flags.isAbstract ? 'abstract ' : ''}new ` : '';
  return `${keywords}(${(signature.parameters ?? []).map(parameterText).join(', ')}) => ${typeText(signature.type)}`;
}

/** A list of the members that have something said about them. */
function members(one) {
  if (!one.kindOf(ReflectionKind.Class | ReflectionKind.Interface)) return '';
  return ownMembers(one)
    .filter((member) => !isRedeclared(member))
    .map((member) => [member, [...new Set(prose(commentsOf(member)))]])
    .filter(([, paragraphs]) => paragraphs.length > 0)
    .map(([member, paragraphs]) => {
      const words = indent(paragraphs.join('\n\n'));
      const isList = paragraphs[0].startsWith('- ');
      return `- ${memberLabel(member)}:${isList ? `\n\n${words}` : ` ${words.trimStart()}`}`;
    })
    .join('\n');
}

function memberLabel(member) {
  if (isConstructor(member)) return 'Constructor';
  const name = member.name.replace(/^\[/, '[Symbol.');
  return `\`${member.flags.isStatic ? `${member.parent.name}.` : ''}${name}${member.signatures ? '()' : ''}\``;
}

/** The comments of a declaration: its own, or those of its overloads and accessors, with the parameters they speak of. */
function commentsOf(one) {
  const carriers = [one, ...(one.signatures ?? []), ...accessorsOf(one)];
  return carriers
    .filter(({ comment }) => comment !== undefined)
    .map(({ comment, parameters }) => ({ comment, parameters }));
}

/** Comments as paragraphs: what it is, its parameters, what comes back, what is thrown. */
function prose(comments) {
  return comments.flatMap(({ comment, parameters = [] }) => {
    const list = parameters
      .flatMap(parameterWords)
      .filter(([, words]) => words !== '')
      .map(([name, words]) => `- \`${name}\`: ${indent(words).trimStart()}`);
    const deprecated = tag(comment, '@deprecated').map(({ content }) => `**Deprecated.** ${text(content)}`);
    const returns = tag(comment, '@returns').map(({ content }) => `Returns ${text(content)}`);
    const examples = tag(comment, '@example').map(({ content }) => text(content));
    const throws = tag(comment, '@throws').map(({ typeAnnotation, content }) => {
      const what = typeAnnotation?.replace(/^\{|\}$/g, '');
      return what === undefined ? `Throws: ${text(content)}` : `Throws \`${what}\`: ${text(content)}`;
    });
    return [text(comment.summary), ...deprecated, list.join('\n'), ...returns, ...throws, ...examples].filter(Boolean);
  });
}

/** What is said about a parameter, and about single fields of it, as `options.code`. */
function parameterWords(parameter) {
  const { name, type } = parameter;
  const fields = [
    ...(type?.highlightedProperties ?? []),
    ...(type?.declaration?.children ?? []).map((field) => [field.name, field.comment?.summary ?? []]),
  ];
  return [[name, summaryOf(parameter)], ...fields.map(([field, words]) => [`${name}.${field}`, text(words)])];
}

const tag = (comment, name) => comment.blockTags.filter((one) => one.tag === name);

/** Names that the entry passes on from another page, with the file of that. */
const onOtherPage = new Map();

/** The words of a comment; links lead to the heading of the name when it has one. */
function text(parts) {
  const words = parts.map((part) => {
    if (part.kind !== 'inline-tag') return part.text;
    const heading = headingAbove(part.target);
    if (heading === undefined) return `\`${part.text}\``;
    return `[\`${part.text}\`](${onOtherPage.get(heading) ?? ''}#${heading.toLowerCase()})`;
  });
  return words.join('').trim();
}

function headingAbove(target) {
  if (typeof target !== 'object' || typeof target.isProject !== 'function') return undefined;
  let one = target;
  while (one.parent !== undefined && !one.parent.isProject()) one = one.parent;
  return one.parent === undefined ? undefined : one.name;
}

const indent = (lines) => lines.replace(/^(?=.)/gm, '  ');

const isCheck = process.argv.includes('--check');
const outdated = [];
mkdirSync('docs/reference', { recursive: true });
for (const entry of ENTRIES) {
  const path = `docs/reference/${entry.name}.md`;
  onOtherPage.clear();
  for (const other of ENTRIES.filter(({ name }) => name === entry.passesOn)) {
    for (const { name } of await read(other)) onOtherPage.set(name, `${other.name}.md`);
  }
  const exported = await read(entry);
  const here = exported.filter(({ name }) => !onOtherPage.has(name));
  const wanted = page(entry, here);
  const current = readFileOrNothing(path);
  if (wanted === current) continue;
  if (isCheck) outdated.push(path);
  else writeFileSync(path, wanted);
}
if (outdated.length > 0) {
  console.error(`out of date, run \`node scripts/reference.js\`: ${outdated.join(', ')}`);
  process.exitCode = 1;
}

function readFileOrNothing(path) {
  try {
    return readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}
