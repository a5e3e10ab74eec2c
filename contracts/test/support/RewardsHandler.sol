// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../../src/interfaces/IReferralRewards.sol";
import {IRewardsProxy} from "./Interfaces.sol";
import {Vm, vm} from "./Vm.sol";

/// @title Random callers of a rewards contract, and a record of its events
/// @dev The invariant tests call these functions in random order and compare the record with the contract.
contract RewardsHandler {
    uint256 public constant REFERENCES = 16;

    IRewardsProxy public immutable rewards;
    address public immutable admin;
    address public immutable operator;

    uint256 public time;
    uint256 public totalPaid;
    uint256 public payments;
    uint256 public skips;
    uint256 public refusals;
    uint256 public daysSeen = 1;
    uint256 public expectedRewardCap;
    uint256 public expectedDailyCap;
    mapping(bytes32 orderRef => uint256) public timesPaid;
    mapping(bytes32 orderRef => bytes32) public proofs;
    mapping(bytes32 orderRef => uint256) public paidIn;
    mapping(bytes32 orderRef => address) public walletOf;
    mapping(bytes32 orderRef => uint256) public amountOf;
    mapping(uint256 day => uint256) public paidOn;
    mapping(uint256 day => uint256) public highestCapOn;

    constructor(IRewardsProxy newRewards, address newAdmin, address newOperator, uint256 start) {
        (rewards, admin, operator, time) = (newRewards, newAdmin, newOperator, start);
    }

    // ------------------------------------------------------------------ calls

    function paySingle(uint256 ref, uint256 wallet, uint256 amount) external {
        IReferralRewards.Payment memory one = payment(ref, wallet, amount);
        callAs(operator, abi.encodeCall(rewards.payReferral, (one.refWallet, one.amount, one.orderRef)));
    }

    function payBatch(uint256 seed, uint8 length) external {
        IReferralRewards.Payment[] memory list = new IReferralRewards.Payment[](length % 8);
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(seed, i)));
            list[i] = payment(draw, draw >> 64, draw >> 128);
        }
        callAs(operator, abi.encodeCall(rewards.payReferralBatch, (list)));
    }

    function payTheSameBatchTwice(uint256 seed) external {
        IReferralRewards.Payment[] memory list = new IReferralRewards.Payment[](3);
        for (uint256 i = 0; i < 3; ++i) {
            list[i] = payment(seed % REFERENCES + i, seed, 0);
        }
        callAs(operator, abi.encodeCall(rewards.payReferralBatch, (list)));
        callAs(operator, abi.encodeCall(rewards.payReferralBatch, (list)));
    }

    function wait(uint32 duration) external {
        uint256 before = time / 1 days;
        time += duration % 2 days;
        vm.warp(time);
        vm.roll(block.number + 1 + duration % 50_000);
        if (time / 1 days != before) {
            ++daysSeen;
            highestCapOn[time / 1 days] = expectedDailyCap;
        }
    }

    function changeCaps(uint256 rewardCap, uint256 dailyCap) external {
        (expectedRewardCap, expectedDailyCap) = (1 + rewardCap % 20 ether, 1 + dailyCap % 60 ether);
        vm.prank(admin);
        rewards.setCaps(expectedRewardCap, expectedDailyCap);
        if (expectedDailyCap > highestCapOn[time / 1 days]) highestCapOn[time / 1 days] = expectedDailyCap;
    }

    function pauseForAWhile(uint256 ref, uint256 wallet) external {
        vm.prank(admin);
        rewards.pause();
        IReferralRewards.Payment memory one = payment(ref, wallet, 0);
        mustFail(operator, abi.encodeCall(rewards.payReferral, (one.refWallet, one.amount, one.orderRef)));
        vm.prank(admin);
        rewards.unpause();
    }

    /// Everything else that the operator, or a thief of its key, could try.
    function operatorOversteps(uint8 choice, address target, uint256 number) external {
        mustFail(operator, forbidden(choice % 16, target, number));
    }

    /// Other accounts can neither pay nor administer.
    function strangerTries(uint8 choice, address stranger, uint256 number) external {
        if (stranger == admin || stranger == operator) return;
        bytes memory data = choice % 17 == 16
            ? abi.encodeCall(rewards.payReferral, (stranger, 1, refAt(number)))
            : forbidden(choice % 17, stranger, number);
        mustFail(stranger, data);
    }

    // ------------------------------------------------------------------ record

    function refAt(uint256 i) public pure returns (bytes32) {
        return keccak256(abi.encode("reference", i % REFERENCES));
    }

    function payment(uint256 ref, uint256 wallet, uint256 amount)
        private
        view
        returns (IReferralRewards.Payment memory)
    {
        // Sometimes above the cap.
        uint256 most = expectedRewardCap + expectedRewardCap / 8;
        return IReferralRewards.Payment(address(uint160(0x1000 + wallet % 5)), 1 + amount % most, refAt(ref));
    }

    function callAs(address sender, bytes memory data) private {
        vm.recordLogs();
        vm.prank(sender);
        (bool success,) = address(rewards).call(data);
        if (success) enterLogs(vm.getRecordedLogs());
        else ++refusals;
    }

    function mustFail(address sender, bytes memory data) private {
        vm.prank(sender);
        (bool success,) = address(rewards).call(data);
        vm.assertFalse(success, "must be refused");
    }

    /// What the contract stores in this block for a payment with this hash.
    function proofOf(uint256 hash) internal view virtual returns (bytes32) {
        return bytes32((hash >> 32 << 32) | block.number);
    }

    function enterLogs(Vm.Log[] memory logs) private {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(rewards)) continue;
            if (logs[i].topics[0] == IReferralRewards.ReferralSkipped.selector) ++skips;
            if (logs[i].topics[0] != IReferralRewards.ReferralPaid.selector) continue;
            uint256 amount = abi.decode(logs[i].data, (uint256));
            bytes32 orderRef = logs[i].topics[2];
            ++payments;
            ++timesPaid[orderRef];
            (walletOf[orderRef], amountOf[orderRef]) = (address(uint160(uint256(logs[i].topics[1]))), amount);
            uint256 hash = uint256(keccak256(abi.encode(logs[i].topics[1], amount)));
            proofs[orderRef] = proofOf(hash);
            paidIn[orderRef] = block.number;
            paidOn[time / 1 days] += amount;
            totalPaid += amount;
        }
    }

    function forbidden(uint256 choice, address target, uint256 number) private view returns (bytes memory) {
        if (choice == 0) return abi.encodeCall(rewards.setRewardToken, (target));
        if (choice == 1) return abi.encodeCall(rewards.setRewardMode, (uint8(number % 2)));
        if (choice == 2) return abi.encodeCall(rewards.setCaps, (number, number));
        if (choice == 3) return abi.encodeCall(rewards.pause, ());
        if (choice == 4) return abi.encodeCall(rewards.unpause, ());
        if (choice == 5) return abi.encodeCall(rewards.recoverTokens, (rewards.rewardToken(), target, number));
        if (choice == 6) return abi.encodeCall(rewards.transferTokenOwnership, (rewards.rewardToken(), target));
        if (choice == 7) return abi.encodeCall(rewards.acceptTokenOwnership, (rewards.rewardToken()));
        if (choice == 8) return abi.encodeCall(rewards.grantRole, (bytes32(number), target));
        if (choice == 9) return abi.encodeCall(rewards.revokeRole, (bytes32(number), target));
        if (choice == 10) return abi.encodeCall(rewards.upgradeToAndCall, (target, ""));
        if (choice == 11) return abi.encodeCall(rewards.initializeAdminRules, (new address[](0)));
        if (choice == 12) return abi.encodeCall(rewards.beginDefaultAdminTransfer, (target));
        if (choice == 13) return abi.encodeCall(rewards.acceptDefaultAdminTransfer, ());
        if (choice == 14) return abi.encodeCall(rewards.changeDefaultAdminDelay, (uint48(number)));
        return abi.encodeCall(rewards.initialize, (target, target, target, 0));
    }
}
