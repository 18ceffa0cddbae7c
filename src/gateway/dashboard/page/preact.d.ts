// The library as it is served beside the page.
export * from 'preact'
