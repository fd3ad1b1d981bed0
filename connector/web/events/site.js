/* hotlead: how long a visitor looks at a page. README: data-key, data-to, data-consent. */
(function (w, d, n) {
  var me = d.currentScript, set = me.dataset, store = "hotlead", agreed = set.consent !== "required", view, began, ms;
  var to = (set.to || new URL("events/page", me.src)) + "?key=" + set.key;
  w.hotlead = function () {};
  if (n.doNotTrack === "1" || n.globalPrivacyControl) return;
  function id() {
    return Array.from(crypto.getRandomValues(new Uint8Array(12)), function (b) { return (b + 256).toString(16).slice(1); }).join("");
  }
  function visitor(forget) {
    try {
      var who = localStorage.getItem(store);
      if (forget) localStorage.removeItem(store);
      else if (agreed && !who) localStorage.setItem(store, who = id());
      return agreed ? who : null;
    } catch (e) {
      return null;
    }
  }
  function look() {
    if (!began && d.visibilityState !== "hidden") began = performance.now();
  }
  function open() {
    view = { id: id(), path: location.pathname };
    began = ms = 0;
    look();
  }
  function send() {
    if (began) ms += performance.now() - began;
    began = 0;
    var seconds = Math.round(ms / 1000), who = visitor();
    if (!who || seconds === view.seconds) return;
    view.seconds = seconds;
    view.visitor = who;
    view.consent = agreed;
    n.sendBeacon(to, JSON.stringify(view));
  }
  function turn() {
    if (location.pathname !== view.path) {
      send();
      open();
    }
  }
  d.addEventListener("visibilitychange", function () {
    if (d.visibilityState === "hidden") send();
    else look();
  });
  w.addEventListener("pagehide", send);
  w.addEventListener("popstate", turn);
  var push = history.pushState;
  history.pushState = function () {
    push.apply(this, arguments);
    turn();
  };
  w.hotlead = function (what, yes) {
    if (what !== "consent") return visitor();
    agreed = yes === true;
    return visitor(!agreed);
  };
  open();
})(window, document, navigator);
