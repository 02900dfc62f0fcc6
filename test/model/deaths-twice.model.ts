/** Two kills: of two threads, or of one and of the one who reclaims it. */
import { climb } from './climb.js';

climb('whoever is killed, and whoever reclaims', 2);
