/** The cards of the threads and the frames around the lanes: plain elements, drawn over by the flow. */

/** Builds the columns of the flow: stage, lane, stage … in the order of the channels. */
export function buildFlow(section, picture, act) {
  section.replaceChildren();
  const { channels, threads } = picture.stats;
  const chained = channels.filter(({ name }) => picture.topology[name] !== undefined);
  section.classList.toggle('plain', chained.length === 0);
  if (chained.length === 0) {
    section.append(
      stage(
        threads.map(({ name }) => name),
        act,
      ),
    );
    section.append(...channels.map((channel) => lane(channel)));
    return;
  }
  for (const channel of chained) {
    const { from } = picture.topology[channel.name];
    section.append(stage(from, act), lane(channel, channel.mode === 'queue' ? 1 : from.length));
  }
  section.append(stage(picture.topology[chained.at(-1).name].to, act));
}

function stage(names, act) {
  const element = make('div', 'stage cards');
  for (const name of names) element.append(card(name, act));
  return element;
}

function card(name, act) {
  const element = make('article', 'card');
  element.dataset.name = name;
  element.dataset.seat = '-1';
  const head = make('header');
  head.append(make('span', 'chip', '·'), make('h3', '', name), make('span', 'sums'));
  const buttons = make('div', 'buttons');
  for (const verb of ['stop', 'leak', 'kill']) {
    const button = make('button', verb, verb[0].toUpperCase() + verb.slice(1));
    button.type = 'button';
    button.setAttribute('aria-label', `${verb} ${name}`);
    button.addEventListener('click', () => act(verb, name));
    buttons.append(button);
  }
  element.append(head, make('div', 'held'), buttons);
  return element;
}

/** `rows`: how many tracks lie one below the other, where there is little room. */
function lane({ name, mode, capacity }, rows = 1) {
  const element = make('div', 'lane');
  element.style.setProperty('--rows', rows);
  element.dataset.channel = name;
  const line = make('p');
  line.append(make('b', '', name), ` ${mode}, `, make('span', 'depth'));
  line.title = `${capacity} frames to a lane`;
  element.append(make('div', 'tracks'), line);
  return element;
}

/** Brings the cards up to date. `fate(name)`: what is known of a thread beside its numbers. */
export function updateFlow(section, picture, palette, fate) {
  let moved = false;
  for (const element of section.querySelectorAll('.card')) {
    const { name } = element.dataset;
    const thread = picture.stats.threads.find((one) => one.name === name);
    const { alive, running, waiting, young } = fate(name);
    const seat = thread?.seat ?? -1;
    if (element.dataset.seat !== String(seat)) {
      element.dataset.seat = String(seat);
      moved = true;
    }
    element.style.setProperty('--seat', seat < 0 ? palette.dead : palette.seat(seat));
    element.style.setProperty('--on-seat', palette.onSeat);
    put(element, '.chip', seat < 0 ? '·' : String(seat));
    element.classList.toggle('dead', !alive);
    element.classList.toggle('stopped', !running);
    const sums = thread ? `holds ${thread.held}\ncaches ${thread.cached}` : 'gone';
    put(element, '.sums', alive ? sums : `dead${thread ? `\nholds ${thread.held}` : ''}`);
    put(element, '.stop', alive ? (running ? 'Stop' : 'Start') : 'Restart');
    element.querySelector('.stop').disabled = !alive && waiting;
    element.querySelector('.leak').disabled = !alive;
    element.querySelector('.kill').disabled = !alive || young;
  }
  for (const element of section.querySelectorAll('.lane')) {
    const { channel } = element.dataset;
    const { depth } = picture.stats.channels.find(({ name }) => name === channel);
    put(element, '.depth', `${depth} deep`);
  }
  return moved;
}

function put(element, selector, text) {
  const found = element.querySelector(selector);
  if (found.textContent !== text) found.textContent = text;
}

/** An element with a class and a text. */
export function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.textContent = text;
  return element;
}
