/** Whoever goes next: every scenario in every order within bounds, without a kill. */
import { climb } from './climb.js';

climb('whoever goes next', 0);
