// A table that is wider than the page scrolls, and must be reached with the keyboard to do so.
addEventListener('load', () => setTimeout(() => {
  for (const wide of document.querySelectorAll('.md-typeset__scrollwrap')) wide.tabIndex = 0;
}, 100));
