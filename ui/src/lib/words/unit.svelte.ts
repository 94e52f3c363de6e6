/** The unit in which rates are said: one for all words, for rates stand in sentences too. Follows the choice `rate_unit`. */
let bits = $state(false);

export const rateUnit = {
  /** Mbit/s, as lines are sold; else MB/s. */
  get bits(): boolean {
    return bits;
  },
  set bits(value: boolean) {
    bits = value;
  },
};
