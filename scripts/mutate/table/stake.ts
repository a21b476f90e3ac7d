import { type Mutation, mutationsOf } from '../mutation.ts';

/** The stake source, and the services that are measured. */
export const STAKE: readonly Mutation[] = [
  ...mutationsOf('Erc20StakeSource.sol', 'SlashingTest', [
    {
      name: 'stake-moved-by-anybody',
      find: 'if (msg.sender != registry) revert NotRegistry(msg.sender, registry);',
      replace: '',
    },
    {
      name: 'stake-source-bound-twice',
      find: 'if (registry != address(0)) revert AlreadyBound(registry);',
      replace: '',
    },
    {
      name: 'stake-in-a-token-that-takes-a-fee',
      find: 'if (received != amount) revert StakeNotReceived(received, amount);',
      replace: '',
      first: 'WatcherRegistryTest',
    },
    {
      name: 'refused-stake-is-lost',
      find: 'if (!_token.trySafeTransfer(operator, amount)) owed[operator] += amount;',
      replace: '_token.trySafeTransfer(operator, amount);',
      first: 'StakeBooksTest',
    },
    {
      name: 'refused-stake-holds-the-seat',
      find: 'if (!_token.trySafeTransfer(operator, amount)) owed[operator] += amount;',
      replace: '_token.safeTransfer(operator, amount);',
      first: 'StakeBooksTest',
    },
    { name: 'reporter-is-owed-nothing', find: 'owed[reporter] += toReporter;', replace: '' },
    {
      name: 'second-report-overwrites-the-first',
      find: 'owed[reporter] += toReporter;',
      replace: 'owed[reporter] = toReporter;',
      first: 'StakeBooksTest',
    },
    {
      name: 'second-slash-overwrites-the-burnable',
      find: 'burnable += toBurn;',
      replace: 'burnable = toBurn;',
      first: 'StakeBooksTest',
    },
    {
      name: 'reporter-withdraws-twice',
      find: 'owed[msg.sender] = 0;',
      replace: '',
      first: 'StakeBooksTest',
    },
    {
      name: 'stake-burned-twice',
      find: 'burnable = 0;',
      replace: '',
      first: 'StakeBooksTest',
    },
    {
      name: 'stake-burned-to-the-caller',
      find: '_token.safeTransfer(DEAD, amount);',
      replace: '_token.safeTransfer(msg.sender, amount);',
    },
  ]),
  ...mutationsOf('ServiceRegistry.sol', 'ServiceRegistryTest', [
    {
      name: 'retired-by-anybody',
      find: 'if (msg.sender != record.provider) revert NotProvider(msg.sender, record.provider);',
      replace: '',
    },
    {
      name: 'retired-twice',
      find: 'if (record.retiredFrom != type(uint64).max) revert AlreadyRetired(serviceId, record.retiredFrom);',
      replace: '',
    },
    {
      name: 'service-changes-without-the-delay',
      find: 'return watcherRegistry.currentEpoch() + watcherRegistry.activationDelayEpochs();',
      replace: 'return watcherRegistry.currentEpoch() + 1;',
    },
    {
      name: 'service-active-when-retired',
      find: 'epoch < record.retiredFrom;',
      replace: 'epoch <= record.retiredFrom;',
    },
    { name: 'service-active-an-epoch-late', find: 'record.activeFrom <= epoch', replace: 'record.activeFrom < epoch' },
    {
      name: 'services-without-number',
      find: 'if (liveCount == SERVICES_MAX) revert TooManyServices(SERVICES_MAX);',
      replace: '',
    },
    { name: 'retired-services-count', find: '--liveCount;', replace: '' },
    { name: 'service-id-repeats', find: 'nonces[msg.sender]++', replace: 'nonces[msg.sender]' },
    {
      name: 'service-without-url',
      find: '_requireWithin("url", bytes(config_.url).length, 1, URL_BYTES_MAX);',
      replace: '_requireWithin("url", bytes(config_.url).length, 0, URL_BYTES_MAX);',
    },
    { name: 'bounds-of-a-service-one-off', find: 'given > maximum) revert', replace: 'given > maximum + 1) revert' },
    {
      name: 'timeout-of-a-whole-epoch',
      find: 'uint256(watcherRegistry_.epochSeconds()) * 500;',
      replace: 'uint256(watcherRegistry_.epochSeconds()) * 1000;',
    },
    {
      name: 'service-unknown-and-answered',
      find: 'if (record.provider == address(0)) revert UnknownService(serviceId);',
      replace: '',
    },
  ]),
];
