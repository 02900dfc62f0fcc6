/** The links of pages: each leads to a file that exists and to a heading that it has. */
import { posix } from 'node:path';

/** One sentence per link that leads nowhere. `pages`: path -> text; `kind`: what lies at a path. */
export function linkFaults(
  pages: ReadonlyMap<string, string>,
  kind: (path: string) => 'file' | 'folder' | undefined,
): string[] {
  return [...pages].flatMap(([page, text]) =>
    linksOf(text).flatMap((link) => {
      const [path = '', heading] = link.split('#');
      const target = path === '' ? page : posix.join(posix.dirname(page), path);
      if (path !== '' && kind(target) === undefined) {
        return [`${page} links to ${link}, which does not exist`];
      }
      const text = pages.get(target);
      if (heading === undefined || text === undefined || anchorsOf(text).has(heading)) return [];
      return [`${page} links to ${link}, a heading that ${target} does not have`];
    }),
  );
}

/** Links outside code, to something in the repository. */
function linksOf(text: string): string[] {
  const prose = text.replaceAll(/```[\s\S]*?```/g, '').replaceAll(/`[^`\n]*`/g, '``');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] as string)
    .filter((link) => !/^[a-z]+:/.test(link));
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const prose = text.replaceAll(/```[\s\S]*?```/g, '');
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} (.*)$/gm)) {
    const slug = slugOf(heading);
    let anchor = slug;
    for (let k = 1; anchors.has(anchor); k++) anchor = `${slug}-${k}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** A heading as GitHub turns it into an anchor. */
export function slugOf(heading: string): string {
  const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return plain
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}
