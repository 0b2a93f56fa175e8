// Rooms are found again as they were left: where a room was last is kept for this tab, and the links to the rooms lead there.

const KEPT_AS = "longhand.rooms";
const here = nameOf(location.pathname);

// Keeps this room's address and, beside it, what else says where one was (`place`).
export function keepRoom(place = null) {
  keep({ ...kept(), [here]: { search: location.search, place, isLeft: false } });
}

// What was kept beside this address when one went to another room, or null: who asks for a room from within it begins anew.
export function placeLeft() {
  const room = kept()[here];
  return room?.isLeft && room.search === location.search ? room.place : null;
}

function arrive() {
  const rooms = kept();
  for (const link of document.querySelectorAll(".house nav a:not([aria-current])")) {
    const room = rooms[nameOf(link.pathname)];
    if (room === undefined) continue;
    link.setAttribute("href", `${link.pathname}${room.search}`);
    room.isLeft = true;
  }
  keep(rooms);
}

function nameOf(path) {
  return path.split("/")[1];
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT_AS)) ?? {};
  } catch {
    // A browser that keeps nothing, or something else's words.
    return {};
  }
}

function keep(rooms) {
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify(rooms));
  } catch {
    // Nothing is kept then; every room works all the same.
  }
}

arrive();
// A page that the browser kept whole saw nothing of the rooms since.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) arrive();
});
