/**
 * Make a release: one minified file with its hash, source map and integrity value, and the client alone.
 * Writes to baas/widget_release, where the server finds it. Fails when the widget outgrew its budget.
 */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
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
      return { contents: `export const ${name} = ${JSON.stringify(code.trim())};`, loader: 'js' };
    });
  },
};

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
const files = {};
for (const [name, entry] of [['baas.js', 'baas.js'], ['client.js', 'client.js']]) {
  const stem = basename(name, '.js');
  const result = await build({
    entryPoints: [new URL(entry, SOURCE).pathname],
    bundle: true,
    format: 'esm',
    minify: true,
    target: 'es2022',
    sourcemap: 'external',
    sourcesContent: true,
    legalComments: 'none',
    outfile: new URL(name, OUT).pathname,
    write: false,
    plugins: [styles],
    loader: { '.js': 'js' },
  });
  const [map, script] = result.outputFiles.sort((a, b) => b.path.endsWith('.map') - a.path.endsWith('.map'));
  const hash = createHash('sha256').update(script.contents).digest('hex').slice(0, 12);
  const file = `${stem}.${hash}.js`;
  const body = `${script.text.trimEnd()}\n//# sourceMappingURL=${file}.map\n`;
  const bytes = Buffer.from(body);
  files[name] = {
    file,
    integrity: `sha384-${createHash('sha384').update(bytes).digest('base64')}`,
    bytes: bytes.length,
    gzip_bytes: gzipSync(bytes, { level: 9 }).length,
  };
  await writeFile(new URL(file, OUT), bytes);
  await writeFile(new URL(`${file}.map`, OUT), map.contents);
  console.log(`${file}  ${bytes.length} bytes, ${files[name].gzip_bytes} gzipped  ${files[name].integrity}`);
}
await writeFile(new URL('manifest.json', OUT), `${JSON.stringify({ version, files }, null, 2)}\n`);
if (files['baas.js'].gzip_bytes > BUDGET) {
  console.error(`baas.js is larger than its budget of ${BUDGET} bytes gzipped.`);
  process.exitCode = 1;
}
