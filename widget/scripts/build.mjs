/**
 * Make a release: the core as one minified file with its hash, source map and integrity value, the
 * later elements and the languages, which the core fetches under their own integrity values, and the client alone.
 * Writes to baas/widget_release, where the server finds it. Fails when the widget outgrew its budget.
 */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';

const BUDGET = 15 * 1024;
const OUT = new URL('../../baas/widget_release/', import.meta.url);
const SOURCE = new URL('../src/', import.meta.url);
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

/** Style sheets are modules with one text: minify that text. */
const styles = {
  name: 'styles',
  setup(builder) {
    builder.onLoad({ filter: /\.css\.js$/ }, async ({ path }) => {
      const [[name, css]] = Object.entries(await import(pathToFileURL(path)));
      const { code } = await transform(css, { loader: 'css', minify: true, target: 'chrome123' });
      return { contents: `export const ${name} = ${JSON.stringify(tight(code))};`, loader: 'js' };
    });
  },
};

const SHORT = new Map();

/** Our private custom properties get one letter, the same in all files. */
function shorter(name) {
  if (!SHORT.has(name)) SHORT.set(name, `--_${String.fromCharCode(97 + SHORT.size)}`);
  return SHORT.get(name);
}

/** Blanks that only matter to readers; esbuild keeps those in custom properties. */
function tight(css) {
  return css.trim().replace(/--_[\w-]+/g, shorter).replace(/(--[\w-]+):\s+/g, '$1:').replace(/,\s+(?=[\w#.(-])/g, ',').replace(/#ffffff\b/g, '#fff');
}

/** What the late elements take from the core: they must be the same objects, so the core hands them over. */
const TAKEN = new Set();
const MEETING = `globalThis["baas ${version}"]`;
const CORE = await coreModules();

async function coreModules() {
  const { metafile } = await bundle({ entryPoints: [path('baas.js')], metafile: true, external: ['./late.js', './texts/*.js'] });
  return new Set(Object.keys(metafile.inputs).map((name) => new URL(name, new URL('../', import.meta.url)).pathname));
}

const fromCore = {
  name: 'from-core',
  setup(builder) {
    builder.onResolve({ filter: /^\.\.?\// }, async ({ path: wanted, importer, resolveDir }) => {
      const file = new URL(wanted, `file://${resolveDir}/`).pathname;
      if (!CORE.has(file)) return undefined;
      const text = await readFile(importer, 'utf8');
      for (const [, names, from] of text.matchAll(/^import \{ ([^}]+) \} from '([^']+)'/gm)) {
        if (from === wanted) for (const name of names.split(', ')) TAKEN.add(name);
      }
      return { path: 'core', namespace: 'core' };
    });
    builder.onLoad({ filter: /.*/, namespace: 'core' }, () => ({ contents: `module.exports = ${MEETING}`, loader: 'js' }));
  },
};

function path(name) {
  return new URL(name, SOURCE).pathname;
}

function bundle(options) {
  return build({
    bundle: true, format: 'esm', minify: true, target: 'es2022', sourcemap: 'external', sourcesContent: true, legalComments: 'none',
    ignoreAnnotations: true,
    write: false, outdir: OUT.pathname, ...options, plugins: [...(options.plugins ?? []), styles],
  });
}

/** Write a file under its hash; answers what the manifest says of it. */
async function release(stem, result) {
  const map = result.outputFiles.find((file) => file.path.endsWith('.map'));
  const script = result.outputFiles.find((file) => !file.path.endsWith('.map'));
  const hash = createHash('sha256').update(script.contents).digest('hex').slice(0, 12);
  const file = `${stem}.${hash}.js`;
  const bytes = Buffer.from(`${script.text.trimEnd()}\n//# sourceMappingURL=${file}.map\n`);
  const entry = {
    file,
    // The core states the others' values: short ones keep it small.
    integrity: `sha256-${createHash('sha256').update(bytes).digest('base64')}`,
    bytes: bytes.length,
    gzip_bytes: gzipSync(bytes, { level: 9 }).length,
  };
  await writeFile(new URL(file, OUT), bytes);
  await writeFile(new URL(`${file}.map`, OUT), map.contents);
  console.log(`${file}  ${entry.bytes} bytes, ${entry.gzip_bytes} gzipped  ${entry.integrity}`);
  return entry;
}

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
const files = {};
for (const [name, file] of [['late', 'late.js'], ['en', 'texts/en.js'], ['es', 'texts/es.js'], ['pt', 'texts/pt.js']]) {
  files[`${name}.js`] = await release(name, await bundle({ entryPoints: [path(file)], plugins: [fromCore] }));
}
const hashes = ['late', 'en', 'es', 'pt'].map((name) => [name, files[`${name}.js`].file.split('.')[1], files[`${name}.js`].integrity.slice(7)]);
const released = {
  name: 'released',
  setup(builder) {
    // A script element, unlike import(), can say what its file has to be.
    builder.onLoad({ filter: /\/sources\.js$/ }, () => ({
      contents: `export const sources = {};
        for (const [name, hash, integrity] of ${JSON.stringify(hashes)})
          sources[name] = () => document.head.append(Object.assign(document.createElement('script'), { type: 'module', crossOrigin: 'anonymous', integrity: 'sha256-' + integrity, src: new URL(name + '.' + hash + '.js', import.meta.url).href }));`,
      loader: 'js',
    }));
  },
};
const taken = [...TAKEN].sort();
const origins = new Map();
for (const file of CORE) {
  const text = await readFile(file, 'utf8');
  for (const [, name] of text.matchAll(/^export (?:async )?(?:const|function|class) (\w+)/gm)) if (TAKEN.has(name)) origins.set(name, file);
}
// Style sheets first, side by side: alike things near to each other pack smaller.
const sheets = [...CORE].filter((file) => file.endsWith('.css.js'));
const entry = `${sheets.map((file) => `import ${JSON.stringify(file)};`).join('\n')}
export * from ${JSON.stringify(path('baas.js'))};
${taken.map((name) => `import { ${name} } from ${JSON.stringify(origins.get(name))};`).join('\n')}
${MEETING} = { ${taken.join(', ')} };`;
const core = await release('baas', await bundle({ stdin: { contents: entry, resolveDir: path('.'), sourcefile: 'release.js', loader: 'js' }, plugins: [released] }));
const client = await release('client', await bundle({ entryPoints: [path('client.js')] }));
Object.assign(files, { 'baas.js': core, 'client.js': client });
await writeFile(new URL('manifest.json', OUT), `${JSON.stringify({ version, files }, null, 2)}\n`);
if (core.gzip_bytes > BUDGET) {
  console.error(`baas.js is larger than its budget of ${BUDGET} bytes gzipped.`);
  process.exitCode = 1;
}
