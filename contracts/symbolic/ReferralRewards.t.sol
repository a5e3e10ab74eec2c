// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

import {ReferralRewards} from "../src/ReferralRewards.sol";
import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {svm, vm} from "./Cheatcodes.sol";
import {PlainToken} from "./PlainToken.sol";

/// @title What holds for every input, shown by halmos
/// @dev Arguments of a check are symbolic: halmos follows every path and asks a solver for values that break an assertion.
contract ReferralRewardsSymbolic {
    address internal constant ADMIN = address(0xA11CE);
    address internal constant OPERATOR = address(0x09E7A7);
    uint256 internal constant NOON = 1_795_262_400;
    bytes32 internal constant STORAGE = 0x63494f9a505467b83e714b33cfbb88ed27f9e961b754c620ff807756a6921d00;
    bytes32 internal constant IMPLEMENTATION_SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    PlainToken internal token;
    ReferralRewards internal rewards;

    function setUp() public {
        vm.warp(NOON);
        vm.roll(71_000_000);
        token = new PlainToken();
        bytes memory setup = abi.encodeCall(ReferralRewards.initialize, (ADMIN, OPERATOR, address(token), 0));
        rewards = ReferralRewards(address(new ERC1967Proxy(address(new ReferralRewards()), setup)));
    }

    /// A reference that is paid is not paid again, by neither function, whatever wallet and amount come with it.
    function check_payOnce(bytes32 orderRef, address first, uint256 amount, address second, uint256 other) public {
        vm.assume(pay(first, amount, orderRef));
        uint256 supply = token.totalSupply();
        bytes32 proof = rewards.paymentProof(orderRef);

        assert(!pay(second, other, orderRef));
        payBatchOfOne(second, other, orderRef);

        assert(token.totalSupply() == supply);
        assert(rewards.paymentProof(orderRef) == proof);
        assert(rewards.paidOrders(orderRef));
    }

    /// In a batch, too, a repeated reference is paid once.
    function check_payOnceInBatch(bytes32 orderRef, address first, uint256 amount, address second, uint256 other)
        public
    {
        IReferralRewards.Payment[] memory payments = new IReferralRewards.Payment[](2);
        payments[0] = IReferralRewards.Payment(first, amount, orderRef);
        payments[1] = IReferralRewards.Payment(second, other, orderRef);
        vm.prank(OPERATOR);
        try rewards.payReferralBatch(payments) returns (uint256 count) {
            assert(count == 1);
            assert(token.totalSupply() == amount);
            assert(token.balanceOf(first) == amount);
        } catch {}
    }

    /// From any counter of any day, any time and any cap: what succeeds was within the cap and is counted. With this as
    /// the step of an induction, no sequence of payments exceeds the cap of a day.
    function check_dailyCap(uint96 cap, uint96 counted, uint32 countedDay, uint32 time, uint256 amount) public {
        vm.assume(cap != 0);
        vm.warp(time);
        vm.store(address(rewards), secondSlot(), packed(cap, (uint128(countedDay) << 96) | counted));
        uint256 before = rewards.spentToday();

        vm.assume(pay(address(0xBEEF), amount, keccak256("reference")));

        assert(rewards.spentToday() == before + amount);
        assert(rewards.spentToday() <= cap);
        assert(rewards.remainingToday() == cap - rewards.spentToday());
    }

    /// The same for a batch of two.
    function check_dailyCapOfBatch(uint96 cap, uint96 counted, uint256 amount, uint256 other) public {
        vm.assume(cap != 0);
        vm.store(address(rewards), secondSlot(), packed(cap, (uint128(NOON / 1 days) << 96) | counted));
        IReferralRewards.Payment[] memory payments = new IReferralRewards.Payment[](2);
        payments[0] = IReferralRewards.Payment(address(0xBEEF), amount, keccak256("one"));
        payments[1] = IReferralRewards.Payment(address(0xCAFE), other, keccak256("other"));
        vm.prank(OPERATOR);
        (bool success,) = address(rewards).call(abi.encodeCall(rewards.payReferralBatch, (payments)));
        vm.assume(success);

        assert(rewards.spentToday() == uint256(counted) + amount + other);
        assert(rewards.spentToday() <= cap);
    }

    /// Whatever function the operator calls with whatever arguments, settings, roles, pause and code stay as they are.
    function check_operatorOnlyPays() public {
        callAnything(OPERATOR);
    }

    /// Other accounts change nothing at all: the counter of the day and the supply stay, too.
    function check_strangerDoesNothing(address stranger) public {
        vm.assume(stranger != ADMIN && stranger != OPERATOR);
        callAnything(stranger);
        assert(token.totalSupply() == 0);
        assert(rewards.spentToday() == 0);
    }

    /// The block number and the hash share a slot without disturbing each other.
    function check_proofLayout(bytes32 orderRef, address wallet, uint256 amount, uint32 number) public {
        vm.assume(number >= 71_000_000);
        vm.roll(number);
        vm.assume(pay(wallet, amount, orderRef));
        uint256 hash = uint256(keccak256(abi.encode(wallet, amount)));
        assert(rewards.isPaidAs(orderRef, wallet, amount));
        assert(rewards.paidAtBlock(orderRef) == number);
        assert(uint256(rewards.paymentProof(orderRef)) >> 32 == hash >> 32);
    }

    /// `isPaidAs` says yes only to the upper 224 bits of the right hash, whatever the block.
    function check_isPaidAsComparesHash(
        address wallet,
        uint256 amount,
        address other,
        uint256 otherAmount,
        uint32 number
    ) public {
        vm.roll(number);
        vm.assume(pay(wallet, amount, keccak256("reference")));
        uint256 hash = uint256(keccak256(abi.encode(wallet, amount)));
        uint256 otherHash = uint256(keccak256(abi.encode(other, otherAmount)));
        assert(rewards.isPaidAs(keccak256("reference"), other, otherAmount) == (hash >> 32 == otherHash >> 32));
    }

    function pay(address wallet, uint256 amount, bytes32 orderRef) private returns (bool success) {
        vm.prank(OPERATOR);
        (success,) = address(rewards).call(abi.encodeCall(rewards.payReferral, (wallet, amount, orderRef)));
    }

    function payBatchOfOne(address wallet, uint256 amount, bytes32 orderRef) private {
        IReferralRewards.Payment[] memory payments = new IReferralRewards.Payment[](1);
        payments[0] = IReferralRewards.Payment(wallet, amount, orderRef);
        vm.prank(OPERATOR);
        (bool success, bytes memory answer) =
            address(rewards).call(abi.encodeCall(rewards.payReferralBatch, (payments)));
        if (success) assert(abi.decode(answer, (uint256)) == 0);
    }

    function callAnything(address sender) private {
        bytes memory data = svm.createCalldata("ReferralRewards");
        bytes32 code = vm.load(address(rewards), IMPLEMENTATION_SLOT);
        vm.prank(sender);
        (bool success,) = address(rewards).call(data);
        success; // refused or not, the following holds

        assert(vm.load(address(rewards), IMPLEMENTATION_SLOT) == code);
        assert(rewards.rewardToken() == address(token));
        assert(rewards.rewardMode() == 0);
        assert(rewards.rewardCap() == 0);
        assert(rewards.dailyCap() == 0);
        assert(!rewards.paused());
        assert(rewards.defaultAdmin() == ADMIN);
        assert(rewards.hasRole(rewards.DEFAULT_ADMIN_ROLE(), ADMIN));
        assert(!rewards.hasRole(rewards.DEFAULT_ADMIN_ROLE(), sender));
        assert(!rewards.hasRole(rewards.PAUSER_ROLE(), sender));
    }

    /// Slot of mode, pause flag, daily cap and counter.
    function secondSlot() private pure returns (bytes32) {
        return bytes32(uint256(STORAGE) + 2);
    }

    function packed(uint96 cap, uint128 counter) private pure returns (bytes32) {
        return bytes32((uint256(counter) << 112) | (uint256(cap) << 16));
    }
}
