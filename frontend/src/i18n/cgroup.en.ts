/** The control group panel's words in English. */
export default {} as const;
