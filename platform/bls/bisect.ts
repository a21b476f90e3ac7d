/**
 * A test of groups whose value multiplies: value(left ∪ right) = value(left) · value(right), and 1 without a bad member.
 * Members are positions; a group is from .. to, `to` excluded.
 */
export interface GroupTest<V> {
  /** The dear step: a multi-pairing. */
  valueOf(from: number, to: number): V;
  /** The value of the rest, from those of the whole and of one part: free, compared with a pairing. */
  divide(whole: V, part: V): V;
  /** Whether a group of this value holds no bad member. */
  passes(value: V, from: number, to: number): boolean;
}

/** Where every group is cut: sums that are kept per group fit the groups that are asked for. */
export function middleOf(from: number, to: number): number {
  return Math.ceil((from + to) / 2);
}

/**
 * Which of `count` members are good: the quick binary search of Law and Matt, "Finding Invalid Signatures in Pairing-Based
 * Batches" (2007). A group that fails is halved, the left half is tested, and the value of the right one is the quotient.
 * So every failing group costs one test: about b·log2(n / b) + b for b bad ones among n, never more than n.
 * @param middle where a group of two or more is cut
 */
export function findGood<V>(count: number, test: GroupTest<V>, middle = middleOf): boolean[] {
  const good = new Array<boolean>(count).fill(true);
  const search = (from: number, to: number, value: V): void => {
    if (test.passes(value, from, to)) return;
    if (to - from === 1) {
      good[from] = false;
      return;
    }
    const cut = middle(from, to);
    const left = test.valueOf(from, cut);
    search(from, cut, left);
    search(cut, to, test.divide(value, left));
  };
  if (count > 0) search(0, count, test.valueOf(0, count));
  return good;
}
