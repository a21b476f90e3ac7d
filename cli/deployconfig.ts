import { z } from 'zod';
import { type DeploySettings, FEE_PPM, PHASE_EPOCHS, PLANNED } from '../platform/deploy/plan.ts';
import type { SendSettings } from '../platform/deploy/send.ts';
import type { Hex } from '../protocol/bytes.ts';
import { errorMessage } from '../protocol/error.ts';
import { decodeParameters, encodeParameters, MINIMAL, type Preset, STANDARD } from '../protocol/parameters.ts';
import { address } from './config.ts';

/** A bytes32 holds it, with a zero at its end. */
export const SALT_BYTES_MAX = 31;
/** Blocks that a transaction may be asked to lie deep: two epochs of Ethereum, after which it is final. */
export const CONFIRMATIONS_MAX = 64;
/** Longest wait for one transaction that may be set. */
export const WAIT_SECONDS_MAX = 3_600;

const UINT32_MAX = 2 ** 32 - 1;

const amount = z
  .string('a whole number of the token’s smallest unit, in quotes')
  .regex(/^\d{1,38}$/, 'a whole number of the token’s smallest unit, in quotes')
  .transform(BigInt);
const epochs = z.int().min(0).max(UINT32_MAX);
const millis = z.int().min(0).max(UINT32_MAX);
const ppm = z.int().min(0).max(1_000_000);

const Overrides = z.strictObject({
  commitMillis: millis.optional(),
  deltaMillis: millis.optional(),
  revealMillis: millis.optional(),
  viewMillis: millis.optional(),
  deadlineEpochs: epochs.optional(),
  assignmentPeriodEpochs: epochs.optional(),
  windowEpochs: z.tuple([epochs, epochs, epochs, epochs]).optional(),
  minEpochsPpm: ppm.optional(),
  minSamples: z.int().min(0).max(UINT32_MAX).optional(),
  maxFaultPpm: ppm.optional(),
});

const Settings = z.strictObject({
  /** Id of the chain that this file is for. */
  chainId: z.int().positive(),
  /** The account that deploys. It has no rights afterwards. */
  deployer: address,
  /** Tells deployments of one account apart. */
  salt: z
    .string()
    .refine((text) => Buffer.byteLength(text) <= SALT_BYTES_MAX, `at most ${SALT_BYTES_MAX} bytes`)
    .default(''),
  preset: z.enum(['standard', 'minimal']).default('standard'),
  /** Instead of the preset's. */
  epochSeconds: z.int().min(1).max(3_600).optional(),
  /** Single parameters instead of the preset's. */
  parameters: Overrides.prefault({}),
  /** When epoch 0 begins: time to register watchers and services until then. */
  genesis: z.iso.datetime({ offset: true, error: 'a time as 2027-01-31T12:00:00Z' }),
  /** ERC-20 that watchers stake; only on a local chain without one. */
  stakeToken: address.optional(),
  stakeMin: amount,
  effectiveStakeCap: amount,
  activationDelayEpochs: z.int().min(1).max(1_000_000),
  exitDelayEpochs: z.int().min(1).max(1_000_000),
  feePpm: z.int().min(0).max(50_000).default(FEE_PPM),
  phaseEpochs: z.int().min(1).max(43_200).default(PHASE_EPOCHS),
  /** Contracts of an earlier deployment that this one builds on. */
  reuse: z.partialRecord(z.enum(PLANNED), address).default({}),
  /** Block of the first creation among those of `reuse`. */
  reuseFromBlock: z.int().nonnegative().optional(),
  /** Blocks that each transaction must lie deep before the next is sent. */
  confirmations: z.int().min(1).max(CONFIRMATIONS_MAX).default(2),
  /** Nothing is sent at a higher price a unit of gas. */
  maxFeeGwei: z.number().positive().max(1_000_000).optional(),
  /** Longest wait for one transaction, s. */
  waitSeconds: z.int().min(1).max(WAIT_SECONDS_MAX).default(300),
});

/** What `plumbline deploy` reads. */
export const DeployConfig = Settings.superRefine((config, context) => {
  const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (config.effectiveStakeCap < config.stakeMin) refuse('effectiveStakeCap', 'at least stakeMin');
  if (Object.keys(config.reuse).length > 0 && config.reuseFromBlock === undefined) {
    refuse('reuseFromBlock', 'with reuse, the block of its first creation');
  }
  const { parameters } = presetOf(config);
  if (config.exitDelayEpochs < parameters.deadlineEpochs) {
    refuse('exitDelayEpochs', `at least deadlineEpochs (${parameters.deadlineEpochs})`);
  }
  try {
    decodeParameters(encodeParameters(parameters));
  } catch (error) {
    refuse('parameters', errorMessage(error));
  }
});
export type DeployConfig = z.infer<typeof Settings>;

type PresetChoice = Pick<DeployConfig, 'preset' | 'epochSeconds' | 'parameters'>;

function presetOf({ preset, epochSeconds, parameters }: PresetChoice): Preset {
  const base = preset === 'minimal' ? MINIMAL : STANDARD;
  const given = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));
  return { epochSeconds: epochSeconds ?? base.epochSeconds, parameters: { ...base.parameters, ...given } };
}

export function settingsOf(config: DeployConfig): DeploySettings {
  const { stakeToken, stakeMin, effectiveStakeCap, activationDelayEpochs, exitDelayEpochs } = config;
  const { feePpm, phaseEpochs, salt, reuse } = config;
  return {
    ...presetOf(config),
    genesis: Math.floor(Date.parse(config.genesis) / 1000),
    stakeToken: stakeToken?.toLowerCase() as Hex | undefined,
    stakeMin,
    effectiveStakeCap,
    activationDelayEpochs,
    exitDelayEpochs,
    feePpm,
    phaseEpochs,
    salt,
    reuse: reuse as DeploySettings['reuse'] & {},
  };
}

export function sendSettingsOf({ confirmations, maxFeeGwei, waitSeconds }: DeployConfig): SendSettings {
  return {
    confirmations,
    feeWeiMax: maxFeeGwei === undefined ? undefined : BigInt(Math.round(maxFeeGwei * 1e9)),
    waitMillis: waitSeconds * 1000,
  };
}
