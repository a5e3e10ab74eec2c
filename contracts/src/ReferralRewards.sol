// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    AccessControlDefaultAdminRulesUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/extensions/AccessControlDefaultAdminRulesUpgradeable.sol";
import {PausableUpgradeable} from "@openzeppelin/contracts-upgradeable/utils/PausableUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IMintableERC20} from "./interfaces/IMintableERC20.sol";
import {IReferralRewards} from "./interfaces/IReferralRewards.sol";
import {ITokenOwnership} from "./interfaces/ITokenOwnership.sol";

/// @title ReferralRewards
/// @notice Pays referral rewards in one ERC-20 token, each order reference at most once.
/// @dev UUPS implementation for an ERC-1967 proxy. A call first checks and records everything it will pay and
/// only then calls the token, so a hostile token never sees a half-finished payment. A reentrancy guard also
/// refuses re-entry.
/// The admin chooses the token, and it is still checked: in MINT mode its supply must grow by what was minted, in every
/// batch and in the first payment after it was set; in TRANSFER mode each wallet's balance must grow by its reward.
/// There is one admin, replaced in two steps with a delay, so that a multisig can take over and a slip can be undone.
/// A payment that the token refuses reverts the whole call with `ReferralRewards__PaymentFailed`, which names it, so
/// that the sender can leave it out and pay the others.
contract ReferralRewards is
    IReferralRewards,
    AccessControlDefaultAdminRulesUpgradeable,
    PausableUpgradeable,
    ReentrancyGuardTransient,
    UUPSUpgradeable
{
    using SafeERC20 for IERC20;

    /// @notice Can pay rewards, and nothing else.
    bytes32 public constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");

    /// @notice Can pause payments, and nothing else; only the admin can unpause.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    /// @notice Mode in which rewards are minted through `IMintableERC20`.
    uint8 public constant MODE_MINT = 0;

    /// @notice Mode in which rewards are transferred from this contract's balance.
    uint8 public constant MODE_TRANSFER = 1;

    /// @notice Maximum number of rewards per batch; about as many as fit into a transaction.
    uint256 public constant MAX_BATCH = 256;

    /// @notice Delay before a new admin can accept the role; the admin can change it, which also takes time.
    uint48 public constant INITIAL_ADMIN_DELAY = 1 days;

    /// @dev Bits of a proof that hold the number of the paying block; the upper ones hold the hash.
    uint256 private constant BLOCK_BITS = type(uint32).max;

    /// @dev One paid reference.
    /// @param proof 0 unpaid, else the upper 224 bits of keccak256(abi.encode(wallet, amount)) and the block number in
    /// the lower 32. Payments made before version 2.1 hold the whole hash.
    struct Paid {
        bytes32 proof;
    }

    /// @dev State of this contract: two slots for everything a payment reads apart from its own flag. Cold slots
    /// dominate the cost of a payment (2,100 gas, on Polygon more), so caps and the pause flag share them.
    /// @param token Reward token.
    /// @param rewardCap Maximum of one reward; 0 when off.
    /// @param paid What was paid, by order reference.
    /// @param mode 0 MINT, 1 TRANSFER.
    /// @param paused Whether payments are paused.
    /// @param dailyCap Maximum paid per UTC day; 0 when off.
    /// @param spentOfDay Sum paid under a daily cap in the lower 96 bits, and above them its UTC day since 1970;
    /// one field, so that it is written in one store.
    /// @param tokenUnproven Whether the next payment in MINT mode must show that the token's supply grows.
    /// @param numberedFrom First block whose payments carry their block number; 0 while no block does.
    /// @custom:storage-location erc7201:ring.storage.ReferralRewards
    struct RewardsStorage {
        address token;
        uint96 rewardCap;
        mapping(bytes32 orderRef => Paid) paid;
        uint8 mode;
        bool paused;
        uint96 dailyCap;
        uint128 spentOfDay;
        bool tokenUnproven;
        uint64 numberedFrom;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("ring.storage.ReferralRewards")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant REWARDS_STORAGE = 0x63494f9a505467b83e714b33cfbb88ed27f9e961b754c620ff807756a6921d00;

    /// @notice Lock the implementation; only a proxy can be initialized.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @notice Initialize a new proxy; called in the proxy's constructor.
    /// @param admin Receives DEFAULT_ADMIN_ROLE: settings, pause, roles, upgrades.
    /// @param operator Receives OPERATOR_ROLE.
    /// @param token Reward token; must have code.
    /// @param mode 0 MINT, 1 TRANSFER.
    function initialize(address admin, address operator, address token, uint8 mode) external initializer {
        if (admin == address(0) || operator == address(0)) revert ReferralRewards__ZeroAddress();
        __AccessControlDefaultAdminRules_init(INITIAL_ADMIN_DELAY, admin);
        __Pausable_init();
        _grantRole(OPERATOR_ROLE, operator);
        _setRewardToken(token);
        _setRewardMode(mode);
        _rewardsStorage().numberedFrom = uint64(block.number);
    }

    /// @inheritdoc IReferralRewards
    function initializeAdminRules(address[] calldata formerAdmins)
        external
        reinitializer(2)
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        address admin = _msgSender();
        for (uint256 i = 0; i < formerAdmins.length; ++i) {
            _revokeRole(DEFAULT_ADMIN_ROLE, formerAdmins[i]);
        }
        __AccessControlDefaultAdminRules_init(INITIAL_ADMIN_DELAY, admin);
        RewardsStorage storage $ = _rewardsStorage();
        $.tokenUnproven = true;
        $.numberedFrom = uint64(block.number);
    }

    // ------------------------------------------------------------------ payments

    /// @inheritdoc IReferralRewards
    function payReferral(address refWallet, uint256 amount, bytes32 orderRef)
        external
        onlyRole(OPERATOR_ROLE)
        whenNotPaused
        nonReentrant
    {
        if (refWallet == address(0)) revert ReferralRewards__ZeroAddress();
        if (amount == 0) revert ReferralRewards__ZeroAmount();
        RewardsStorage storage $ = _rewardsStorage();
        Paid storage paid = $.paid[orderRef];
        if (paid.proof != 0) revert ReferralRewards__AlreadyPaid(orderRef);
        (address token, uint256 cap, uint8 mode, bool unproven) = ($.token, $.rewardCap, $.mode, $.tokenUnproven);
        if (amount > cap && cap != 0) revert ReferralRewards__RewardCapExceeded(orderRef, amount, cap);
        _spend($, amount);
        paid.proof = _proofOf(refWallet, amount);
        emit ReferralPaid(refWallet, amount, orderRef);

        if (mode == MODE_TRANSFER) {
            _requireBalance(token, amount);
            _transfer(IERC20(token), refWallet, amount, orderRef);
            return;
        }
        uint256 expected = unproven ? _expectSupply($, token, amount) : 0;
        _mint(token, refWallet, amount, orderRef);
        if (unproven) _requireSupply(token, expected);
    }

    /// @inheritdoc IReferralRewards
    function payReferralBatch(Payment[] calldata payments)
        external
        onlyRole(OPERATOR_ROLE)
        whenNotPaused
        nonReentrant
        returns (uint256 paidCount)
    {
        RewardsStorage storage $ = _rewardsStorage();
        (address token, uint8 mode) = ($.token, $.mode);
        (uint256 skipped, uint256 total) = _recordBatch($, payments);
        if (total == 0) return 0;
        _spend($, total);

        if (mode == MODE_TRANSFER) _requireBalance(token, total);
        uint256 expected = mode == MODE_MINT ? _expectSupply($, token, total) : 0;
        for (uint256 i = 0; i < payments.length; ++i) {
            if ((skipped >> i) & 1 == 1) continue;
            Payment calldata payment = payments[i];
            if (mode == MODE_MINT) _mint(token, payment.refWallet, payment.amount, payment.orderRef);
            else _transfer(IERC20(token), payment.refWallet, payment.amount, payment.orderRef);
            unchecked {
                ++paidCount;
            }
        }
        if (mode == MODE_MINT) _requireSupply(token, expected);
    }

    // ------------------------------------------------------------------ administration

    /// @inheritdoc IReferralRewards
    function setRewardToken(address token) external onlyRole(DEFAULT_ADMIN_ROLE) whenPaused {
        _setRewardToken(token);
    }

    /// @inheritdoc IReferralRewards
    function setRewardMode(uint8 mode) external onlyRole(DEFAULT_ADMIN_ROLE) whenPaused {
        _setRewardMode(mode);
    }

    /// @inheritdoc IReferralRewards
    function setCaps(uint256 newRewardCap, uint256 newDailyCap) external onlyRole(DEFAULT_ADMIN_ROLE) {
        RewardsStorage storage $ = _rewardsStorage();
        $.rewardCap = _toCap(newRewardCap);
        $.dailyCap = _toCap(newDailyCap);
        emit CapsUpdated(newRewardCap, newDailyCap);
    }

    /// @inheritdoc IReferralRewards
    function pause() external {
        if (!hasRole(DEFAULT_ADMIN_ROLE, _msgSender())) _checkRole(PAUSER_ROLE);
        _pause();
    }

    /// @inheritdoc IReferralRewards
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    /// @inheritdoc IReferralRewards
    function recoverTokens(address token, address to, uint256 amount)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
        nonReentrant
    {
        if (to == address(0)) revert ReferralRewards__ZeroAddress();
        emit TokensRecovered(token, to, amount);
        IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IReferralRewards
    function transferTokenOwnership(address token, address newOwner) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (newOwner == address(0)) revert ReferralRewards__ZeroAddress();
        ITokenOwnership(token).transferOwnership(newOwner);
    }

    /// @inheritdoc IReferralRewards
    function acceptTokenOwnership(address token) external onlyRole(DEFAULT_ADMIN_ROLE) {
        ITokenOwnership(token).acceptOwnership();
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IReferralRewards
    function paidOrders(bytes32 orderRef) external view returns (bool) {
        return _rewardsStorage().paid[orderRef].proof != 0;
    }

    /// @inheritdoc IReferralRewards
    function paidMany(bytes32[] calldata orderRefs) external view returns (bool[] memory paid) {
        RewardsStorage storage $ = _rewardsStorage();
        paid = new bool[](orderRefs.length);
        for (uint256 i = 0; i < orderRefs.length; ++i) {
            paid[i] = $.paid[orderRefs[i]].proof != 0;
        }
    }

    /// @inheritdoc IReferralRewards
    function paidAtBlock(bytes32 orderRef) external view returns (uint256) {
        RewardsStorage storage $ = _rewardsStorage();
        (uint256 number, uint256 first) = (uint256($.paid[orderRef].proof) & BLOCK_BITS, $.numberedFrom);
        // A payment from before version 2.1 has bits of its hash here, which rarely look like a block.
        return first == 0 || number < first || number > block.number ? 0 : number;
    }

    /// @inheritdoc IReferralRewards
    function paymentProof(bytes32 orderRef) external view returns (bytes32) {
        return _rewardsStorage().paid[orderRef].proof;
    }

    /// @inheritdoc IReferralRewards
    function isPaidAs(bytes32 orderRef, address refWallet, uint256 amount) external view returns (bool) {
        bytes32 proof = _rewardsStorage().paid[orderRef].proof;
        return uint256(proof ^ _hashOf(refWallet, amount)) <= BLOCK_BITS;
    }

    /// @inheritdoc IReferralRewards
    function rewardToken() external view returns (address) {
        return _rewardsStorage().token;
    }

    /// @inheritdoc IReferralRewards
    function rewardMode() external view returns (uint8) {
        return _rewardsStorage().mode;
    }

    /// @inheritdoc IReferralRewards
    function rewardCap() external view returns (uint256) {
        return _rewardsStorage().rewardCap;
    }

    /// @inheritdoc IReferralRewards
    function dailyCap() external view returns (uint256) {
        return _rewardsStorage().dailyCap;
    }

    /// @inheritdoc IReferralRewards
    function spentToday() external view returns (uint256) {
        return _spentOn(_today(), _rewardsStorage().spentOfDay);
    }

    /// @inheritdoc IReferralRewards
    function remainingToday() external view returns (uint256) {
        RewardsStorage storage $ = _rewardsStorage();
        uint256 cap = $.dailyCap;
        if (cap == 0) return type(uint256).max;
        uint256 spent = _spentOn(_today(), $.spentOfDay);
        return spent < cap ? cap - spent : 0;
    }

    /// @inheritdoc IReferralRewards
    function version() external pure returns (string memory) {
        return "2.1.0";
    }

    /// @notice Whether payments are paused.
    /// @dev Stored next to the daily cap instead of in OpenZeppelin's own slot, which saves a cold read per payment.
    /// @return True while paused.
    function paused() public view override returns (bool) {
        return _rewardsStorage().paused;
    }

    // ------------------------------------------------------------------ internals

    /// @dev Pause payments; the flag is stored where `paused` reads it.
    function _pause() internal override whenNotPaused {
        _rewardsStorage().paused = true;
        emit Paused(_msgSender());
    }

    /// @dev Unpause payments; the flag is stored where `paused` reads it.
    function _unpause() internal override whenPaused {
        _rewardsStorage().paused = false;
        emit Unpaused(_msgSender());
    }

    /// @dev Only the admin can upgrade.
    /// @param newImplementation Checked by UUPSUpgradeable.
    function _authorizeUpgrade(address newImplementation) internal override onlyRole(DEFAULT_ADMIN_ROLE) {}

    /// @dev First half of a batch: revert on bad items, skip paid ones, record the rest. Makes no external calls.
    /// @param $ State.
    /// @param payments The rewards.
    /// @return skipped Bit i is set when item i is already paid.
    /// @return total Sum of the unpaid items.
    function _recordBatch(RewardsStorage storage $, Payment[] calldata payments)
        private
        returns (uint256 skipped, uint256 total)
    {
        if (payments.length == 0 || payments.length > MAX_BATCH) {
            revert ReferralRewards__BatchSize(payments.length, MAX_BATCH);
        }
        uint256 cap = $.rewardCap;
        for (uint256 i = 0; i < payments.length; ++i) {
            Payment calldata payment = payments[i];
            (address refWallet, uint256 amount, bytes32 orderRef) =
                (payment.refWallet, payment.amount, payment.orderRef);
            if (refWallet == address(0)) revert ReferralRewards__ZeroAddress();
            if (amount == 0) revert ReferralRewards__ZeroAmount();
            Paid storage paid = $.paid[orderRef];
            if (paid.proof != 0) {
                skipped |= 1 << i;
                emit ReferralSkipped(refWallet, amount, orderRef);
                continue;
            }
            if (amount > cap && cap != 0) revert ReferralRewards__RewardCapExceeded(orderRef, amount, cap);
            paid.proof = _proofOf(refWallet, amount);
            total += amount;
            emit ReferralPaid(refWallet, amount, orderRef);
        }
    }

    /// @dev Count a sum against the daily cap, if there is one.
    /// @param $ State.
    /// @param amount Sum of the call.
    function _spend(RewardsStorage storage $, uint256 amount) private {
        uint256 cap = $.dailyCap;
        if (cap == 0) return;
        uint256 today = _today();
        uint256 spent = _spentOn(today, $.spentOfDay);
        uint256 left = spent < cap ? cap - spent : 0;
        if (amount > left) revert ReferralRewards__DailyCapExceeded(amount, left);
        // The sum is at most the cap and so fits 96 bits; days fit the upper 32 for millions of years.
        // forge-lint: disable-next-line(unsafe-typecast)
        $.spentOfDay = uint128((today << 96) | (spent + amount));
    }

    /// @dev Mint; a revert, and any answer but true, are refusals.
    /// @param token Reward token.
    /// @param to Wallet of the referrer.
    /// @param amount Reward.
    /// @param orderRef Reference.
    function _mint(address token, address to, uint256 amount, bytes32 orderRef) private {
        bytes4 selector = IMintableERC20.mint.selector;
        bool success;
        // The call is encoded in scratch space; the free memory pointer it overwrites is restored.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(0x00, selector)
            mstore(0x04, and(to, shr(96, not(0))))
            mstore(0x24, amount)
            success := call(gas(), token, 0, 0x00, 0x44, 0x00, 0x20)
            // Like SafeERC20: no answer is a yes, and an answer must be a whole word that says true.
            success := and(success, or(iszero(returndatasize()), and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))))
            mstore(0x40, free)
        }
        if (!success) revert ReferralRewards__PaymentFailed(orderRef, LowLevelCall.returnData());
    }

    /// @dev Transfer and see that all of it arrived.
    /// @param token Reward token.
    /// @param to Wallet of the referrer.
    /// @param amount Reward.
    /// @param orderRef Reference.
    function _transfer(IERC20 token, address to, uint256 amount, bytes32 orderRef) private {
        // Calls in a loop are what a batch is. A revert of one is handled: it undoes the batch and the sender drops it.
        // slither-disable-start calls-loop
        uint256 expected = token.balanceOf(to) + amount;
        if (!token.trySafeTransfer(to, amount)) {
            revert ReferralRewards__PaymentFailed(orderRef, LowLevelCall.returnData());
        }
        uint256 actual = token.balanceOf(to);
        // slither-disable-end calls-loop
        if (actual != expected) revert ReferralRewards__FeeOnTransfer(orderRef, expected, actual);
    }

    /// @dev Refuse early, and without blaming a recipient, when the treasury is short.
    /// @param token Reward token.
    /// @param needed Sum of the call.
    function _requireBalance(address token, uint256 needed) private view {
        uint256 balance = IERC20(token).balanceOf(address(this));
        if (balance < needed) revert ReferralRewards__InsufficientBalance(balance, needed);
    }

    /// @dev Read the supply before minting, and note that the token is being checked.
    /// @param $ State.
    /// @param token Reward token.
    /// @param total Sum to mint.
    /// @return Supply that the token must have afterwards.
    function _expectSupply(RewardsStorage storage $, address token, uint256 total) private returns (uint256) {
        if ($.tokenUnproven) $.tokenUnproven = false;
        return IERC20(token).totalSupply() + total;
    }

    /// @dev Refuse a token that did not mint what it was asked to; a fallback that accepts any call is one.
    /// @param token Reward token.
    /// @param expected Supply the token must have.
    function _requireSupply(address token, uint256 expected) private view {
        uint256 actual = IERC20(token).totalSupply();
        if (actual != expected) revert ReferralRewards__NotMinted(expected, actual);
    }

    /// @dev Store the reward token.
    /// @param token The token; must have code.
    function _setRewardToken(address token) private {
        if (token == address(0)) revert ReferralRewards__ZeroAddress();
        if (token.code.length == 0) revert ReferralRewards__NotAContract(token);
        RewardsStorage storage $ = _rewardsStorage();
        $.token = token;
        $.tokenUnproven = true;
        emit RewardTokenUpdated(token);
    }

    /// @dev Store the mode.
    /// @param mode 0 MINT, 1 TRANSFER.
    function _setRewardMode(uint8 mode) private {
        if (mode > MODE_TRANSFER) revert ReferralRewards__UnknownMode(mode);
        _rewardsStorage().mode = mode;
        emit RewardModeUpdated(mode);
    }

    /// @dev UTC day of the block.
    /// @return Days since 1970.
    function _today() private view returns (uint256) {
        return block.timestamp / 1 days;
    }

    /// @dev What a day has paid under a daily cap.
    /// @param day Days since 1970.
    /// @param spentOfDay The counter: its day above, its sum in the lower 96 bits.
    /// @return The sum; a day the counter has not reached starts from 0.
    function _spentOn(uint256 day, uint256 spentOfDay) private pure returns (uint256) {
        // A day is a whole number that this contract wrote itself, so equality is exact; a validator can move a payment
        // by seconds around midnight from one day's cap to the next, which is of no use to anyone.
        // slither-disable-next-line incorrect-equality,timestamp
        return spentOfDay >> 96 == day ? spentOfDay & type(uint96).max : 0;
    }

    /// @dev Narrow a cap to its stored width.
    /// @param cap The cap.
    /// @return The same cap.
    function _toCap(uint256 cap) private pure returns (uint96) {
        if (cap > type(uint96).max) revert ReferralRewards__CapTooLarge(cap, type(uint96).max);
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint96(cap);
    }

    /// @dev Proof of a payment made in this block.
    /// @param refWallet Wallet of the referrer.
    /// @param amount Reward.
    /// @return Upper 224 bits of the payment's hash, and the block number in the lower 32.
    function _proofOf(address refWallet, uint256 amount) private view returns (bytes32) {
        return bytes32((uint256(_hashOf(refWallet, amount)) & ~BLOCK_BITS) | (block.number & BLOCK_BITS));
    }

    /// @dev Hash of a payment.
    /// @param refWallet Wallet of the referrer.
    /// @param amount Reward.
    /// @return keccak256(abi.encode(refWallet, amount)).
    function _hashOf(address refWallet, uint256 amount) private pure returns (bytes32) {
        return Hashes.efficientKeccak256(bytes32(uint256(uint160(refWallet))), bytes32(amount));
    }

    /// @dev Storage namespace of this contract.
    /// @return $ State.
    function _rewardsStorage() private pure returns (RewardsStorage storage $) {
        // Solidity has no other way to name a slot.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            $.slot := REWARDS_STORAGE
        }
    }
}
