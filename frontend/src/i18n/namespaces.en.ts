/** The namespaces panel's words in English. */
export default {} as const;
