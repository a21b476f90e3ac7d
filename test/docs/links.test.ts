import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';
import { anchorsOf, filesUnder, ROOT, read, withoutCode } from './markdown.ts';

const PAGES = ['README.md', ...filesUnder('docs', '.md')];

/** What a link of a page leads to, when it stays in the repository. */
function targetsOf(page: string): string[] {
  return [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]!)
    .filter((target) => !/^[a-z]+:/.test(target));
}

it('every relative link leads to a file, and every anchor to a heading', () => {
  const broken = PAGES.flatMap((page) =>
    targetsOf(page)
      .filter((target) => {
        const [path, anchor] = target.split('#') as [string, string | undefined];
        const file = path === '' ? page : normalize(join(dirname(page), path));
        if (!existsSync(join(ROOT, file))) return true;
        return anchor !== undefined && file.endsWith('.md') && !anchorsOf(read(file)).has(anchor);
      })
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
});

it('there are links to check', () => {
  expect(PAGES.flatMap(targetsOf).length).toBeGreaterThan(50);
});
