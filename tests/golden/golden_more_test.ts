// In a file of its own, so that it runs beside the other with `--parallel`.
import { testTranscripts } from "./suite.ts";

testTranscripts("more");
