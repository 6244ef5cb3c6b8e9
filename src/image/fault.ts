/** The image can't be built, and whoever builds it can do something about it. */
export class ImageFault extends Error {
  readonly hint: string;

  /** @param hint what to do: the words after `try:` */
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
