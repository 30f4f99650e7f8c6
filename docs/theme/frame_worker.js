// The search asks for every word with a wildcard, which passes by the stems that its index holds: "empty*" finds no "empti".
// So whole words are asked for as they are, marks between them left out, and only the last may go on. A beginning longer than
// its word's stem, "evalua" of "evaluate", is no beginning of what the index holds, "evalu": what it is cut to is asked for too.
const QUERY = 2;
function asked(message) {
  if (message.type !== QUERY) return message;
  const words = message.data.split(/[^\p{L}\p{N}_]+/u).filter(Boolean);
  const last = words.at(-1) ?? '';
  const goesOn = message.data.endsWith(last) && (last.length > 2 || words.length === 1);
  const cut = [1, 2, 3, 4].map(count => last.slice(0, -count)).filter(stem => goesOn && stem.length > 2);
  return { ...message, data: [...words.map(word => `${word}^9`), ...(goesOn ? [last] : []), ...cut.map(stem => `${stem}^1`)].join(' ') };
}

// Search runs in a worker, and a page opened from a file may start none: the worker's script then runs in a hidden frame.
if (location.protocol === 'file:') {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const waiting = [], home = new URL(url, location);
      this.deliver = message => waiting.push(message);
      const frame = document.createElement('iframe');
      frame.hidden = true;
      frame.title = 'search';
      document.body.append(frame);
      const inside = frame.contentWindow;
      inside.postMessage = data => {
        const event = new MessageEvent('message', { data });
        this.dispatchEvent(event);
        if (this.onmessage) this.onmessage(event);
      };
      const load = address => new Promise((resolve, reject) => {
        const script = inside.document.createElement('script');
        script.src = new URL(address, home);
        script.onload = resolve;
        script.onerror = reject;
        inside.document.head.append(script);
      });
      inside.importScripts = (...addresses) => addresses.reduce((done, address) => done.then(() => load(address)), Promise.resolve());
      load(home).then(() => {
        this.deliver = data => inside.dispatchEvent(new MessageEvent('message', { data }));
        waiting.forEach(this.deliver);
      });
    }

    postMessage(data) { this.deliver(asked(data)); }

    terminate() {}
  };
} else {
  window.Worker = class extends Worker {
    postMessage(data) { super.postMessage(asked(data)); }
  };
}
