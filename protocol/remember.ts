/**
 * The same function, with its answers kept: hundreds of watchers of one service have the same few counts, and roots of big
 * integers are dear. What it gives depends on its arguments alone, as before; answers must not be changed by who gets them.
 * @param entriesMax answers kept; when so many are, all are forgotten, so memory stays bounded whatever is asked
 */
export function remember<T extends object>(
  compute: (a: number, b: number, c: number) => T,
  entriesMax: number,
): (a: number, b: number, c: number) => T {
  // Numbers as keys: a text of three takes longer to make than an answer to find.
  const answers = new Map<number, Map<number, Map<number, T>>>();
  let entries = 0;
  return (a, b, c) => {
    const known = answers.get(c)?.get(b)?.get(a);
    if (known !== undefined) return known;
    if (entries >= entriesMax) {
      answers.clear();
      entries = 0;
    }
    const answer = compute(a, b, c);
    const ofC = within(answers, c, () => new Map<number, Map<number, T>>());
    within(ofC, b, () => new Map<number, T>()).set(a, answer);
    entries += 1;
    return answer;
  };
}

function within<T>(map: Map<number, T>, key: number, make: () => T): T {
  let found = map.get(key);
  if (found === undefined) {
    found = make();
    map.set(key, found);
  }
  return found;
}
