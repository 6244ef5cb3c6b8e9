/** Something the person in front of the lab can put right: printed as it is, without a stack. */
export class LabFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = "LabFault";
  }
}
