/** Whoever is killed before any write, or after the last one; then another thread reclaims. */
import { climb } from './climb.js';

climb('whoever is killed', 1);
