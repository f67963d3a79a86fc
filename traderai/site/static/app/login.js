/** The sign-in is as dark or light as the app behind it. */
import { startTheme } from "./theme.js";

startTheme();
