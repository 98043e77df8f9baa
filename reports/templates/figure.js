"use strict";
// Draws accuracy against the cost that is picked. Until it has drawn, and wherever it
// cannot, the page shows its static charts instead.
{
  const chart = JSON.parse(document.getElementById("chart").textContent);
  const points = chart.spec.datasets.points;
  const at = (id) => document.getElementById(id);
  const place = at("figure");
  const model = at("pick-model");
  const work = at("pick-workload");
  const costs = at("pick-cost");
  const tip = at("tip");
  const picked = { facet: 0, panel: 0, hidden: [] };

  const option = (text, value) => {
    const made = document.createElement("option");
    made.textContent = text;
    made.value = value;
    return made;
  };

  const offerWorkloads = () => {
    const own = chart.facets.map((facet, index) => [facet, index]);
    const named = own.filter(([facet]) => facet.model === model.value);
    work.replaceChildren(...named.map(([facet, index]) => option(facet.workload, index)));
    const same = named.find(([facet]) => facet.workload === picked.workload) || named[0];
    work.value = same[1];
    work.parentElement.hidden = named.length === 1;
  };

  const offerCosts = () => {
    const { panels } = chart.facets[picked.facet];
    const buttons = panels.map(({ cost }, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = cost;
      button.setAttribute("aria-pressed", index === picked.panel);
      button.addEventListener("click", () => {
        picked.panel = index;
        for (const other of buttons) other.setAttribute("aria-pressed", other === button);
        show();
      });
      return button;
    });
    costs.replaceChildren(...buttons);
  };

  const pickWorkload = () => {
    picked.facet = Number(work.value);
    picked.workload = chart.facets[picked.facet].workload;
    offerCosts();
  };

  // Names the cases on the front beside the figure, each a link to its row.
  const nameFront = () => {
    const { higher } = chart.facets[picked.facet].panels[picked.panel];
    const own = points.filter(
      (p) => p.facet === picked.facet && p.panel === picked.panel && p.state === "front",
    );
    own.sort((a, b) => (higher ? b.x - a.x : a.x - b.x));
    const links = own.map((point) => {
      const link = document.createElement("a");
      link.href = `#case-${point.row}`;
      link.textContent = point.name;
      const brief = document.createElement("small");
      brief.textContent = point.brief;
      const item = document.createElement("li");
      item.append(link, brief);
      return item;
    });
    at("front").replaceChildren(...links);
    at("front").parentElement.hidden = links.length === 0;
  };

  let view;
  const show = () => {
    const facet = chart.facets[picked.facet];
    const panel = facet.panels[picked.panel];
    at("axis-y").textContent = facet.axis;
    at("axis-x").textContent = panel.axis;
    place.classList.toggle("empty", !panel.scene);
    at("no-points").hidden = Boolean(panel.scene);
    nameFront();
    if (!panel.scene) return Promise.resolve();
    return view.signal("scene", panel.scene).signal("hidden", picked.hidden).runAsync();
  };

  const fit = () => {
    const width = place.clientWidth;
    if (!width || width === view.width()) return;
    view.width(width).height(Math.round(Math.min(460, Math.max(300, width * 0.55)))).run();
  };

  const point = (handler, event, item, value) => {
    tip.hidden = !value;
    if (!value) return;
    const lines = [item.datum.name, ...item.datum.facts].map((text) => {
      const line = document.createElement("p");
      line.textContent = text;
      return line;
    });
    tip.replaceChildren(...lines);
    const { innerWidth, innerHeight } = window;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const above = event.clientY + tip.offsetHeight + 22 > innerHeight;
    const top = event.clientY + (above ? -tip.offsetHeight - 14 : 14);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, top)}px`;
  };

  const toggle = (button) => {
    const target = Number(button.dataset.target);
    const hide = !picked.hidden.includes(target);
    picked.hidden = hide
      ? [...picked.hidden, target]
      : picked.hidden.filter((other) => other !== target);
    button.setAttribute("aria-pressed", !hide);
    show();
  };

  const offerTargets = () => {
    for (const item of document.querySelectorAll(".legend .target")) {
      const target = chart.targets.indexOf(item.textContent.trim());
      if (target < 0) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.target = target;
      button.setAttribute("aria-pressed", true);
      button.append(...item.childNodes);
      item.append(button);
      button.addEventListener("click", () => toggle(button));
    }
  };

  const start = (result) => {
    view = result.view;
    at("drawing").view = view; // for the browser's console: what is drawn, exactly
    const models = [...new Set(chart.facets.map((facet) => facet.model))];
    model.append(...models.map((name) => option(name, name)));
    model.parentElement.hidden = models.length === 1;
    model.addEventListener("change", () => {
      offerWorkloads();
      pickWorkload();
      show();
    });
    work.addEventListener("change", () => {
      pickWorkload();
      show();
    });
    offerTargets();
    offerWorkloads();
    pickWorkload();
    view.addEventListener("click", (event, item) => {
      if (item && item.datum && "row" in item.datum) {
        location.hash = `case-${item.datum.row}`;
      }
    });
    document.documentElement.classList.add("live");
    at("interactive").hidden = false;
    fit();
    new ResizeObserver(fit).observe(place);
    return show();
  };

  const options = {
    mode: "vega-lite",
    renderer: "svg",
    actions: false,
    ast: true,
    defaultStyle: false,
    tooltip: point,
    patch: chart.patch,
  };
  window.vegaEmbed(at("drawing"), chart.spec, options).then(start);
}
