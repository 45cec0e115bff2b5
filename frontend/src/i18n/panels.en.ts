/** The panels' words in English, the source. */
export default {} as const;
