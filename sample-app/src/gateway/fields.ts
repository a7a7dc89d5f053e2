/** Reads one field of a body: throws what is wrong with it, in words that follow the field's name. */
export type Field<Value> = (value: unknown) => Value;

export const integer =
  (min: number, max: number): Field<number> =>
  (value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new Error(`must be a whole number from ${min} to ${max}`);
  };

export const text =
  (maxLength: number): Field<string> =>
  (value) => {
    if (typeof value === 'string' && value.trim() !== '' && value.length <= maxLength) return value;
    throw new Error(`must be a text of 1 to ${maxLength} characters`);
  };

export const flag: Field<boolean> = (value) => {
  if (typeof value === 'boolean') return value;
  throw new Error('must be true or false');
};
