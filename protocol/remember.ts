/**
 * The same function, with its answers kept: hundreds of watchers of one service have the same few counts, and roots of big
 * integers are dear. What it gives depends on its arguments alone, as before; answers must not be changed by who gets them.
 * @param entriesMax answers kept; when so many are, all are forgotten, so memory stays bounded whatever is asked
 */
export function remember<T extends object>(
  compute: (a: number, b: number, c: number) => T,
  entriesMax: number,
): (a: number, b: number, c: number) => T {
  const answers = new Map<string, T>();
  return (a, b, c) => {
    const key = `${a} ${b} ${c}`;
    let answer = answers.get(key);
    if (answer === undefined) {
      answer = compute(a, b, c);
      if (answers.size >= entriesMax) answers.clear();
      answers.set(key, answer);
    }
    return answer;
  };
}
