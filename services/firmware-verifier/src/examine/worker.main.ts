import { parentPort } from 'node:worker_threads'
import { serveExaminations } from './serve-examinations.ts'

serveExaminations(parentPort!)
