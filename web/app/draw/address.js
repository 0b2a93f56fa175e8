// What is chosen stands in the address, so that a reload or a link shows the same.

import { keepRoom } from "../rooms.js";

export function addressed(name) {
  return new URLSearchParams(location.search).get(name);
}

export function setAddressed(name, value) {
  const query = new URLSearchParams(location.search);
  if (value === null) query.delete(name);
  else query.set(name, value);
  const address = query.size > 0 ? `?${query}` : location.pathname;
  if (query.toString() !== location.search.slice(1)) history.replaceState(history.state, "", address);
  keepRoom();
}
