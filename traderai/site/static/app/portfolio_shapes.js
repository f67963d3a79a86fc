/** A portfolio's answer in the figures of its screen. */

const MOST_SLICES = 7; // more cannot be told apart; the rest is one slice
const TOGETHER_FROM = 0.7; // a correlation from which two shares are named as a pair

/** What the day has made of the positions: the change by the market screen's own figures, and how many it knows. */
export function dayOf(positions, market) {
  if (!market) return null;
  const changes = new Map(market.results.map((row) => [row.secid, row.change_pct]));
  let [rub, before, known] = [0, 0, 0];
  for (const one of positions) {
    const change = changes.get(one.secid);
    if (typeof change !== "number" || one.price_is_stale) continue;
    const was = one.value_rub / (1 + change / 100);
    rub += one.value_rub - was;
    before += Math.abs(was);
    known += 1;
  }
  return known ? { rub, frac: before ? rub / before : null, known, of: positions.length } : null;
}

/** Profit and loss of all positions whose price of purchase is known. */
export function resultOf(positions) {
  const known = positions.filter((one) => one.pnl_rub !== null);
  const paid = known.reduce((sum, one) => sum + one.qty_shares * one.avg_price_rub, 0);
  const rub = known.reduce((sum, one) => sum + one.pnl_rub, 0);
  return known.length ? { rub, frac: paid ? rub / paid : null } : null;
}

/** Slices of the donut, the largest first: by "share" or by "sector", with the free cash where the capital is known. */
export function weightsOf(answer, by) {
  const rows = by === "share"
    ? answer.positions.map((one) => ({ id: one.secid, kind: "share", frac: Math.abs(one.weight_frac) }))
    : answer.sectors.map((one) => ({ id: one.sector || "other", kind: "sector", frac: one.weight_frac }));
  rows.sort((a, b) => b.frac - a.frac);
  const slices = rows.slice(0, MOST_SLICES);
  const rest = rows.slice(MOST_SLICES).reduce((sum, row) => sum + row.frac, 0);
  if (rest > 0) slices.push({ id: "rest", kind: "rest", frac: rest });
  const cash = answer.exposure.cash_frac;
  if (cash !== null && cash > 0) slices.push({ id: "cash", kind: "cash", frac: cash });
  return slices;
}

/** The loss that one day in twenty exceeds, from the days that were; null where the risk is not known. */
export function badDayOf(risk) {
  const tails = risk ? risk.tails : [];
  const find = (method, confidence) => tails.find((one) => one.method === method && one.confidence === confidence) || null;
  const main = find("historical", 0.95) || find("normal", 0.95);
  return main && { main, worst: find("historical", 0.99) || find("normal", 0.99) };
}

/** The pairs that move together, the closest first. */
export function pairsOf(correlation, most = 5) {
  const { secids, matrix } = correlation;
  const pairs = [];
  for (let a = 0; a < secids.length; a += 1) {
    for (let b = a + 1; b < secids.length; b += 1) {
      if (Math.abs(matrix[a][b]) >= TOGETHER_FROM) pairs.push({ a: secids[a], b: secids[b], r: matrix[a][b] });
    }
  }
  return pairs.sort((x, y) => Math.abs(y.r) - Math.abs(x.r)).slice(0, most);
}
