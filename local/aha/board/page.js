const REFRESH_MS = 2000;

/** An element with text and, if it is given, a class. */
export function text(tag, words, className = "") {
  const element = document.createElement(tag);
  element.textContent = words;
  if (className) element.className = className;
  return element;
}

/** Ask for JSON at once and every two seconds, and show it whenever it has changed. Returns what asks at once. */
export function pollJson(url, show) {
  const connection = document.getElementById("connection");
  let shown = "";
  async function look() {
    try {
      const answer = await fetch(url);
      const body = await answer.text();
      if (body !== shown) show(JSON.parse(body), answer.status);
      shown = body;
      connection.textContent = "";
    } catch {
      connection.textContent = "The sandbox is not reachable. Trying again …";
    }
  }
  async function repeat() {
    await look();
    setTimeout(repeat, REFRESH_MS);
  }
  void repeat();
  return look;
}

/** POST JSON. Returns an error's words, or an empty text. */
export async function post(url, body) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return answer.ok ? "" : (await answer.json()).error;
}
