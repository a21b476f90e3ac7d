#!/usr/bin/env node
// The npm `solc` (WebAssembly) behind the two calls that forge makes of a solc binary: `--version` and `--standard-json`.
// The input goes to the compiler's heap: solc's own wrapper copies it to the WebAssembly stack, which large inputs overflow.
'use strict';

const { readFileSync, writeSync } = require('node:fs');
const { resolve } = require('node:path');

/** solc's long version, for example `0.8.37+commit.f401782d.Emscripten.clang`. */
function version(soljson) {
  return soljson.cwrap('solidity_version', 'string', [])();
}

/**
 * Compiles a standard-JSON input (text) to a standard-JSON output (text). A source that the input lacks is asked of
 * `readSource(name)`, which returns its text or throws; without it such a source is an error in the output.
 */
function compileStandardJson(soljson, input, readSource) {
  const alloc = soljson.cwrap('solidity_alloc', 'number', ['number']);
  const toHeap = (text) => {
    const bytes = Buffer.from(`${text}\0`, 'utf8');
    const pointer = alloc(bytes.length);
    if (pointer === 0) throw new Error(`solc could not allocate ${bytes.length} bytes; compile fewer sources at once`);
    soljson.HEAPU8.set(bytes, pointer);
    return pointer;
  };
  const onImport = (_context, kind, name, contents, error) => {
    try {
      if (soljson.UTF8ToString(kind) !== 'source') throw new Error('only sources can be imported');
      soljson.setValue(contents, toHeap(readSource(soljson.UTF8ToString(name))), '*');
    } catch (cause) {
      soljson.setValue(error, toHeap(cause.message), '*');
    }
  };
  const callback = readSource === undefined ? 0 : soljson.addFunction(onImport, 'viiiii');
  const compile = soljson.cwrap('solidity_compile', 'string', ['number', 'number', 'number']);
  const output = compile(toHeap(input), callback, 0);
  soljson.cwrap('solidity_reset', null, [])();
  if (callback !== 0) soljson.removeFunction(callback);
  return output;
}

/** Writes all of it: a pipe takes large texts in parts. */
function print(text) {
  const bytes = Buffer.from(text, 'utf8');
  let sent = 0;
  while (sent < bytes.length) {
    try {
      sent += writeSync(1, bytes, sent);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function main(args) {
  const soljson = require('solc/soljson.js');
  if (args.includes('--version')) {
    print(`solc, the solidity compiler commandline interface\nVersion: ${version(soljson)}\n`);
  } else if (args.includes('--standard-json')) {
    const basePath = args[args.indexOf('--base-path') + 1] ?? '.';
    // forge names our files relative to the base path and leaves the imports of libraries outside it to the compiler.
    const readSource = (name) => readFileSync(resolve(basePath, name), 'utf8');
    print(compileStandardJson(soljson, readFileSync(0, 'utf8'), readSource));
  } else {
    process.stderr.write(`solc.cjs knows --version and --standard-json, not: ${args.join(' ')}\n`);
    process.exitCode = 1;
  }
}

module.exports = { compileStandardJson, version };
if (require.main === module) main(process.argv.slice(2));
