/** A feature's or requirement's reference, taken apart. */
export interface Reference {
  /** As it is sent to the function app: in upper case. */
  readonly text: string;
  /** The product's prefix, such as PROD. */
  readonly prefix: string;
  /** The reference of the feature itself or of the requirement's feature. */
  readonly feature: string;
  readonly isRequirement: boolean;
}

const REFERENCE = /^([A-Z][A-Z0-9]*)-([0-9]+)(-[0-9]+)?$/;

/** Reads PROD-1 or PROD-1-2, in any case. Null if it is neither. */
export function readReference(text: unknown): Reference | null {
  if (typeof text !== "string") return null;
  const upper = text.trim().toUpperCase();
  const match = REFERENCE.exec(upper);
  if (match === null) return null;
  const [, prefix = "", number = "", requirement] = match;
  return {
    text: upper,
    prefix,
    feature: `${prefix}-${number}`,
    isRequirement: requirement !== undefined,
  };
}
