// A picture of a lesson says how high it is, and its frame becomes as high: nothing is cut, and nothing scrolls inside.
addEventListener('message', ({ source, data }) => {
  const frame = [...document.querySelectorAll('.live iframe')].find(frame => frame.contentWindow === source);
  if (frame && data.height) frame.style.height = `${data.height}px`;
});
