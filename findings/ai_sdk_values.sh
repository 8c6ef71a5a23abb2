#!/usr/bin/env bash
# The AI SDK logs bytes in a result as an object with a key for each byte, the copies of a result differ,
# and errors and maps in it are empty objects.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

node_packages ai@6.0.326 zod@4.6.7 @opentelemetry/sdk-trace-base@2.12.1 @opentelemetry/api@1.9.1

run_node >seen <<'JS'
import { generateText, stepCountIs, tool } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import {
  BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { z } from 'zod';

const spans = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const answers = [
  {
    finishReason: { unified: 'tool-calls' },
    content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'fetch', input: '{}' }],
  },
  { finishReason: { unified: 'stop' }, content: [{ type: 'text', text: 'done' }] },
];
const { response } = await generateText({
  model: new MockLanguageModelV3({ doGenerate: async () => ({ ...answers.shift(), usage, warnings: [] }) }),
  prompt: 'Fetch it.',
  stopWhen: stepCountIs(2),
  experimental_telemetry: { isEnabled: true, tracer: provider.getTracer('t') },
  tools: {
    fetch: tool({
      inputSchema: z.object({}),
      execute: async () => ({
        array: new Uint8Array([137, 80, 78]),
        buffer: Buffer.from([137, 80, 78]),
        failures: new Map([['a.py', 3]]),
        error: new Error('timed out'),
      }),
    }),
  },
});
const span = spans.getFinishedSpans().find((one) => one.attributes['ai.toolCall.result']);
console.log('span    ', span.attributes['ai.toolCall.result']);
const message = response.messages.find((one) => one.role === 'tool');
console.log('message ', JSON.stringify(message.content[0].output.value));
JS
expect <<'TEXT'
span     {"array":{"0":137,"1":80,"2":78},"buffer":{"type":"Buffer","data":[137,80,78]},"failures":{},"error":{}}
message  {"array":{"0":137,"1":80,"2":78},"buffer":{"0":137,"1":80,"2":78},"failures":{},"error":{}}
TEXT
means "an image of 6 KB takes 29,000 tokens in such a log, and a failure in a result can't be seen. Let" \
    "tools return text: base64 for bytes, the message of an error."
