// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {WatchingToken} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

/// @title Caps per reward and per day
contract CapsTest is RewardsTest {
    function test_rewardCap_allowsCapAndRevertsAbove() public {
        setCaps(10 ether, 0);
        pay(REFERRER, 10 ether, refAt(0));

        vm.expectRevert(rewardCapExceeded(refAt(1), 10 ether + 1, 10 ether));
        pay(REFERRER, 10 ether + 1, refAt(1));
    }

    function test_rewardCap_smallestCapBinds() public {
        setCaps(1, 0);
        vm.expectRevert(rewardCapExceeded(refAt(0), 2, 1));
        pay(REFERRER, 2, refAt(0));
        IReferralRewards.Payment[] memory payments = batchOf(1);
        vm.expectRevert(rewardCapExceeded(refAt(0), 1 ether, 1));
        payBatch(payments);
        pay(REFERRER, 1, refAt(0));
    }

    function test_rewardCap_batchAllowsCap() public {
        setCaps(3 ether, 0);
        vm.assertEq(payBatch(batchOf(3)), 3, "the third is worth the cap");
    }

    function test_dailyCap_smallestCapBinds() public {
        setCaps(0, 1);
        vm.assertEq(rewards.remainingToday(), 1, "remaining");
        vm.expectRevert(dailyCapExceeded(2, 1));
        pay(REFERRER, 2, refAt(0));
    }

    function test_rewardCap_batchRevertsNamingItem() public {
        setCaps(2 ether, 0);
        vm.expectRevert(rewardCapExceeded(refAt(2), 3 ether, 2 ether));
        payBatch(batchOf(3));
        vm.assertEq(token.totalSupply(), 0, "nothing paid");
    }

    function test_dailyCap_allowsCapAndRevertsAbove() public {
        setCaps(0, 10 ether);
        pay(REFERRER, 4 ether, refAt(0));
        vm.assertEq(rewards.spentToday(), 4 ether, "spent");
        vm.assertEq(rewards.remainingToday(), 6 ether, "remaining");

        vm.expectRevert(dailyCapExceeded(6 ether + 1, 6 ether));
        pay(REFERRER, 6 ether + 1, refAt(1));
        pay(REFERRER, 6 ether, refAt(1));
        vm.assertEq(rewards.remainingToday(), 0, "nothing remains");

        vm.expectRevert(dailyCapExceeded(1, 0));
        pay(REFERRER, 1, refAt(2));
    }

    function test_dailyCap_countsBatchWithoutSkippedItems() public {
        pay(walletAt(0), 1 ether, refAt(0));
        setCaps(0, 5 ether);
        payBatch(batchOf(3));
        vm.assertEq(rewards.spentToday(), 5 ether, "the second and third only");
        vm.assertEq(payBatch(batchOf(3)), 0, "a repeated batch passes a spent day");
    }

    function test_dailyCap_batchAboveCapPaysNothing() public {
        setCaps(0, 6 ether - 1);
        vm.expectRevert(dailyCapExceeded(6 ether, 6 ether - 1));
        payBatch(batchOf(3));
        vm.assertEq(rewards.spentToday(), 0, "nothing counted");
        vm.assertEq(token.totalSupply(), 0, "nothing paid");
    }

    function test_dailyCap_resetsAtMidnightUtc() public {
        setCaps(0, 10 ether);
        pay(REFERRER, 10 ether, refAt(0));

        uint256 midnight = (NOON / 1 days + 1) * 1 days;
        vm.warp(midnight - 1);
        vm.assertEq(rewards.remainingToday(), 0, "the last second still belongs to the day");
        vm.warp(midnight);
        vm.assertEq(rewards.spentToday(), 0, "a new day");
        vm.assertEq(rewards.remainingToday(), 10 ether, "has its own cap");
        pay(REFERRER, 10 ether, refAt(1));
    }

    function test_dailyCap_loweredBelowSpentLeavesNothing() public {
        setCaps(0, 10 ether);
        pay(REFERRER, 8 ether, refAt(0));
        setCaps(0, 5 ether);
        vm.assertEq(rewards.remainingToday(), 0, "nothing remains");
        vm.expectRevert(dailyCapExceeded(1, 0));
        pay(REFERRER, 1, refAt(1));

        setCaps(0, 9 ether);
        vm.assertEq(rewards.remainingToday(), 1 ether, "a raised cap counts what was spent");
    }

    function test_setCaps_zeroTurnsCapsOff() public {
        setCaps(1, 1);
        setCaps(0, 0);
        pay(REFERRER, type(uint128).max, refAt(0));
        vm.assertEq(rewards.remainingToday(), type(uint256).max, "nothing bounds the day");
        vm.assertEq(rewards.spentToday(), 0, "and nothing is counted");
    }

    function test_setCaps_acceptsLargestCaps() public {
        uint256 largest = type(uint96).max;
        setCaps(largest, largest);
        pay(REFERRER, largest, refAt(0));
        vm.assertEq(rewards.spentToday(), largest, "spent");
        vm.assertEq(rewards.remainingToday(), 0, "remaining");
        vm.expectRevert(dailyCapExceeded(1, 0));
        pay(REFERRER, 1, refAt(1));
    }

    function test_dailyCap_revertsForHugeAmounts() public {
        setCaps(0, 10 ether);
        vm.expectRevert(dailyCapExceeded(type(uint256).max, 10 ether));
        pay(REFERRER, type(uint256).max, refAt(0));
    }

    function test_setCaps_revertsAboveUint96() public {
        uint256 tooLarge = uint256(type(uint96).max) + 1;
        bytes memory refusal =
            abi.encodeWithSelector(IReferralRewards.ReferralRewards__CapTooLarge.selector, tooLarge, type(uint96).max);
        vm.expectRevert(refusal);
        setCaps(tooLarge, 0);
        vm.expectRevert(refusal);
        setCaps(0, tooLarge);
    }

    function test_setCaps_emitsEvent() public {
        vm.expectEmit(address(rewards));
        emit IReferralRewards.CapsUpdated(3 ether, 7 ether);
        setCaps(3 ether, 7 ether);
        vm.assertEq(rewards.rewardCap(), 3 ether, "per reward");
        vm.assertEq(rewards.dailyCap(), 7 ether, "per day");
    }

    function test_dailyCap_countsBeforeTokenCall() public {
        WatchingToken watching = new WatchingToken();
        watching.watch(rewards, refAt(0));
        setToken(address(watching));
        setCaps(0, 10 ether);
        pay(REFERRER, 4 ether, refAt(0));
        vm.assertTrue(watching.paidDuringCall(), "already marked");
        vm.assertEq(watching.remainingDuringCall(), 6 ether, "already counted");
    }

    function testFuzz_dailyCap_neverExceeded(uint256 cap, uint96[8] memory amounts, uint32[8] memory pauses) public {
        cap = bound(cap, 1, type(uint96).max);
        setCaps(0, cap);
        uint256 time = NOON;
        uint256 day = NOON / 1 days;
        uint256 spent;
        for (uint256 i = 0; i < amounts.length; ++i) {
            time += pauses[i] % 2 days;
            vm.warp(time);
            if (time / 1 days != day) (day, spent) = (time / 1 days, 0);
            uint256 amount = bound(amounts[i], 1, cap);
            if (amount > cap - spent) vm.expectRevert(dailyCapExceeded(amount, cap - spent));
            else spent += amount;
            pay(REFERRER, amount, refAt(i));
            vm.assertEq(rewards.spentToday(), spent, "spent");
            vm.assertEq(rewards.remainingToday(), cap - spent, "remaining");
        }
    }

    function rewardCapExceeded(bytes32 orderRef, uint256 amount, uint256 cap) private pure returns (bytes memory) {
        return
            abi.encodeWithSelector(IReferralRewards.ReferralRewards__RewardCapExceeded.selector, orderRef, amount, cap);
    }

    function dailyCapExceeded(uint256 requested, uint256 remaining) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReferralRewards.ReferralRewards__DailyCapExceeded.selector, requested, remaining);
    }
}
