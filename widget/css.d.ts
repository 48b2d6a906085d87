/** Styles are imported as text: the build makes them small, and the shadow root adopts them. */
declare module '*.css' {
  const css: string;
  export default css;
}
