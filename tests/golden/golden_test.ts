import { testTranscripts } from "./suite.ts";

testTranscripts("transcripts");
