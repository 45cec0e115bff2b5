/** One sentence for each figure, in plain words in English. */
export default {} as const;
