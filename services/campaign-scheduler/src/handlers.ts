import { type Bus, type IncomingRequest, type Stop, serveAudit } from '@sluice/bus'
import {
  type InputOf,
  type OutputOf,
  type Reply,
  type RequestMessage,
  answered,
  artifactRevoked,
  attemptObserved,
  auditList,
  campaignControl,
  campaignCreate,
  campaignDryRun,
  campaignGet,
  campaignList,
  campaignRollBack,
  campaignReport,
  campaignSetCaps,
  deviceChanged,
  historyErase,
  historyList,
  placementList,
  releaseAdded,
  releaseRevoked,
  settingsKept,
  transferStopsGet,
  upgradeClaim,
  upgradeGet,
  upgradeList,
  uploadReceived,
} from '@sluice/contracts'
import { controlCampaign } from './campaign/control.ts'
import { createCampaign } from './campaign/create.ts'
import { createDryRunner } from './campaign/dry-run.ts'
import { getCampaign, readCampaigns } from './campaign/read.ts'
import { keepReleases } from './campaign/keep-releases.ts'
import { endRevoked, endUnreleased } from './campaign/revoke.ts'
import { rollBackCampaign } from './campaign/roll-back.ts'
import { readStops } from './campaign/transfer-stops.ts'
import { createReporter } from './campaign/report.ts'
import { setCaps } from './campaign/set-caps.ts'
import { readHistory } from './history.ts'
import { eraseDevice } from './retention.ts'
import type { Parts } from './parts.ts'
import { applyObservations } from './upgrade/apply-facts.ts'
import { takeBackups } from './upgrade/backups.ts'
import { claimUpgrades } from './upgrade/claim.ts'
import { readKeptSettings } from './upgrade/kept-settings.ts'
import { followDevices } from './upgrade/follow-devices.ts'
import { listPlacements } from './upgrade/list-placements.ts'
import { readUpgrade, readUpgrades } from './upgrade/read.ts'

/** The table: which message leads to which use case. Resolves once all are served; undone in the opposite order. */
export async function serveAll(parts: Parts): Promise<Stop> {
  const { bus, sql, settings } = parts
  const report = createReporter(parts)
  const dryRun = createDryRunner(parts)
  const stops = [
    await serve(bus, campaignCreate, (input, traceparent) => createCampaign(parts, input, traceparent)),
    await serve(bus, campaignDryRun, (input, traceparent) => dryRun(input, traceparent)),
    await serve(bus, campaignControl, (input, traceparent) => controlCampaign(parts, input, traceparent)),
    await serve(bus, campaignRollBack, (input, traceparent) => rollBackCampaign(parts, input, traceparent)),
    await serve(bus, campaignSetCaps, (input, traceparent) => setCaps(parts, input, traceparent)),
    await serve(bus, campaignGet, ({ campaignId }) => getCampaign(sql, campaignId)),
    await serve(bus, campaignList, (input) => readCampaigns(sql, input)),
    await serve(bus, upgradeList, (input) => readUpgrades(parts, input)),
    await serve(bus, upgradeGet, ({ upgradeId }) => readUpgrade(parts, upgradeId)),
    await serve(bus, campaignReport, ({ campaignId }) => report(campaignId)),
    await serveAudit(bus, auditList, parts),
    await serve(bus, historyErase, (input) => eraseDevice(parts, input)),
    await serve(bus, historyList, (input) => readHistory(parts, input)),
    await serve(bus, settingsKept, (input) => readKeptSettings(parts, input)),
    await serve(bus, placementList, (input) => listPlacements(parts, input)),
    await serve(bus, transferStopsGet, async () => answered(await readStops(parts))),
    await bus.serve(upgradeClaim, (batch) => claimUpgrades(parts, batch), {
      gatherMs: settings.gatherMs,
      maxBatch: settings.maxClaimBatch,
    }),
    await bus.consume(attemptObserved, (batch) => applyObservations(parts, batch), { maxBatch: settings.maxFactBatch }),
    await bus.consume(uploadReceived, (batch) => takeBackups(parts, batch)),
    await bus.consume(deviceChanged, (batch) => followDevices(parts, batch)),
    await bus.consume(artifactRevoked, (batch) => endRevoked(parts, batch)),
    await bus.consume(releaseAdded, (batch) => keepReleases(parts, batch)),
    await bus.consume(releaseRevoked, (batch) => endUnreleased(parts, batch)),
  ]
  return async () => {
    for (const stop of stops.toReversed()) await stop()
  }
}

/** Requests that are answered each on its own. */
function serve<M extends RequestMessage>(
  bus: Bus,
  message: M,
  answer: (input: InputOf<M>, traceparent: string | undefined) => Promise<Reply<OutputOf<M>>>,
): Promise<Stop> {
  return bus.serve(message, (batch: readonly IncomingRequest<InputOf<M>>[]) =>
    Promise.all(batch.map(({ input, traceparent }) => answer(input, traceparent))),
  )
}
