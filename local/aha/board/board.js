import { pollJson, text } from "./page.js";

function productElement(product) {
  const element = document.getElementById("product").content.firstElementChild.cloneNode(true);
  const heading = element.querySelector("h2");
  heading.textContent = `${product.name} (${product.reference_prefix})`;
  element.querySelector("[role=region]").setAttribute("aria-label", `Features of ${product.name}`);
  const rows = product.features.map(featureRow);
  element.querySelector("tbody").replaceChildren(...rows);
  if (rows.length === 0) element.querySelector(".scroll").replaceWith(text("p", "No features.", "quiet"));
  return element;
}

function featureRow(feature) {
  const row = document.createElement("tr");
  const link = text("a", feature.reference_num);
  link.href = `/features/${feature.reference_num}`;
  const cells = [link, feature.name || "(no name)", text("span", feature.status, "status"), String(feature.requirements)];
  row.replaceChildren(...cells.map((content) => {
    const cell = document.createElement("td");
    cell.append(content);
    return cell;
  }));
  return row;
}

pollJson("/_board/data/products", ({ products }) => {
  document.getElementById("products").replaceChildren(...products.map(productElement));
});
