/**
 * Decides which answers are errors so that the share is exact, not just likely: a test that counts must not be flaky.
 * Each pod counts for itself (a count shared by a version would let round robin give one pod all the errors); pods of one
 * version start at different phases, by the golden ratio, so their sum keeps the share with few requests each, too.
 */
export function errorShare(nth: number): (percent: number) => boolean {
  let owed = (nth * 61.803_398_875) % 100;
  return (percent) => {
    owed += percent;
    if (owed < 100) return false;
    owed -= 100;
    return true;
  };
}
