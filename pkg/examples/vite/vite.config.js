// The development server must not pre-bundle the package: its module is found beside its scripts.
export default { base: "./", optimizeDeps: { exclude: ["@hedgerow/crypto"] } };
