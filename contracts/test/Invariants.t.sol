// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRewardsProxy} from "./support/Interfaces.sol";
import {RewardsHandler} from "./support/RewardsHandler.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {UpgradeHandler} from "./support/UpgradeHandler.sol";
import {vm} from "./support/Vm.sol";

/// @title Invariants under random sequences of calls
abstract contract Invariants is RewardsTest {
    bytes32 internal constant IMPLEMENTATION_SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    RewardsHandler internal handler;
    bytes32 internal implementationAtFirst;

    function setUp() public virtual override {
        super.setUp();
        implementationAtFirst = vm.load(address(rewards), IMPLEMENTATION_SLOT);
        handler = new RewardsHandler(rewards, ADMIN, OPERATOR, NOON);
        handler.changeCaps(10 ether - 1, 40 ether - 1);
    }

    /// Foundry reads the targets of random calls.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// All at once, as forge repeats the same random calls for every invariant of a contract.
    function invariant_paymentsAndRights() public view virtual {
        checkReferencePaidAtMostOnce();
        checkDailyCapNeverExceeded();
        checkOperatorOnlyPays();
        checkPaidAmountsMatchEvents();
    }

    function checkReferencePaidAtMostOnce() private view {
        uint256 paidReferences;
        for (uint256 i = 0; i < handler.REFERENCES(); ++i) {
            bytes32 orderRef = handler.refAt(i);
            uint256 times = handler.timesPaid(orderRef);
            vm.assertLe(times, 1, "at most once");
            vm.assertTrue(rewards.paidOrders(orderRef) == (times == 1), "the flag says what the event said");
            vm.assertEq(rewards.paymentProof(orderRef), handler.proofs(orderRef), "and the proof says what was paid");
            vm.assertEq(paidAtBlock(orderRef), handler.paidIn(orderRef), "and the block is the one of the event");
            paidReferences += times;
        }
        vm.assertEq(paidReferences, handler.payments(), "no other reference was paid");
    }

    function checkDailyCapNeverExceeded() private view {
        uint256 today = handler.time() / 1 days;
        for (uint256 day = NOON / 1 days; day <= today; ++day) {
            vm.assertLe(handler.paidOn(day), handler.highestCapOn(day), "within the day's cap");
        }
        vm.assertEq(rewards.spentToday(), handler.paidOn(today), "the counter counts what was paid");
    }

    function checkOperatorOnlyPays() internal view virtual {
        vm.assertEq(rewards.rewardToken(), address(token), "token");
        vm.assertEq(rewards.rewardMode(), expectedMode(), "mode");
        vm.assertEq(rewards.rewardCap(), handler.expectedRewardCap(), "cap per reward");
        vm.assertEq(rewards.dailyCap(), handler.expectedDailyCap(), "daily cap");
        vm.assertFalse(rewards.paused(), "not paused");
        vm.assertFalse(rewards.hasRole(rewards.DEFAULT_ADMIN_ROLE(), OPERATOR), "no admin");
        vm.assertFalse(rewards.hasRole(rewards.PAUSER_ROLE(), OPERATOR), "no pauser");
        vm.assertTrue(rewards.hasRole(rewards.DEFAULT_ADMIN_ROLE(), ADMIN), "the admin stays");
        vm.assertEq(rewards.defaultAdmin(), ADMIN, "and is the only one");
        vm.assertEq(vm.load(address(rewards), IMPLEMENTATION_SLOT), implementationAtFirst, "implementation");
    }

    function paidAtBlock(bytes32 orderRef) internal view virtual returns (uint256) {
        return rewards.paidAtBlock(orderRef);
    }

    /// Tokens paid to the wallets equal the sum of the events; implemented per mode.
    function checkPaidAmountsMatchEvents() internal view virtual;

    function expectedMode() internal pure virtual returns (uint8);
}

/// @title Invariants in MINT mode
contract MintInvariantsTest is Invariants {
    function checkPaidAmountsMatchEvents() internal view override {
        vm.assertEq(token.totalSupply(), handler.totalPaid(), "supply minted");
    }

    function expectedMode() internal pure override returns (uint8) {
        return MINT;
    }
}

/// @title Invariants in TRANSFER mode, with a treasury that can run out
contract TransferInvariantsTest is Invariants {
    uint256 internal constant TREASURY = 90 ether;

    function setUp() public override {
        super.setUp();
        vm.prank(address(rewards));
        token.mint(address(rewards), TREASURY);
        setMode(TRANSFER);
    }

    function checkPaidAmountsMatchEvents() internal view override {
        vm.assertEq(token.balanceOf(address(rewards)), TREASURY - handler.totalPaid(), "treasury");
        vm.assertEq(token.totalSupply(), TREASURY, "nothing minted");
    }

    function expectedMode() internal pure override returns (uint8) {
        return TRANSFER;
    }
}

/// @title Invariants of a proxy that is upgraded from version 2.0.0 at a random moment
/// forge-config: default.invariant.runs = 24
contract UpgradeInvariantsTest is Invariants {
    UpgradeHandler internal upgrading;

    function setUp() public override {
        super.setUp();
        bytes memory released = vm.parseJsonBytes(vm.readFile("test/fixtures/ReferralRewards-2.0.0.json"), ".bytecode");
        address logic;
        assembly {
            logic := create(0, add(released, 0x20), mload(released))
        }
        bytes memory setup = abi.encodeCall(rewards.initialize, (ADMIN, OPERATOR, address(token), MINT));
        rewards = IRewardsProxy(proxyOf(logic, setup));
        bytes32 minter = token.MINTER_ROLE();
        vm.prank(ADMIN);
        token.grantRole(minter, address(rewards));
        upgrading = new UpgradeHandler(rewards, ADMIN, OPERATOR, NOON, implementation());
        upgrading.changeCaps(10 ether - 1, 40 ether - 1);
        (handler, implementationAtFirst) = (upgrading, vm.load(address(rewards), IMPLEMENTATION_SLOT));
    }

    function checkOperatorOnlyPays() internal view override {
        vm.assertTrue(rewards.hasRole(rewards.DEFAULT_ADMIN_ROLE(), ADMIN), "the admin stays");
        vm.assertFalse(rewards.hasRole(rewards.DEFAULT_ADMIN_ROLE(), OPERATOR), "no admin");
        vm.assertEq(rewards.rewardCap(), handler.expectedRewardCap(), "cap per reward");
        vm.assertEq(rewards.dailyCap(), handler.expectedDailyCap(), "daily cap");
        bool isFirst = vm.load(address(rewards), IMPLEMENTATION_SLOT) == implementationAtFirst;
        vm.assertTrue(isFirst == (upgrading.upgradedIn() == 0), "only the admin upgrades");
    }

    function invariant_paymentsAndRights() public view override {
        super.invariant_paymentsAndRights();
        checkIsPaidAsHoldsAcrossUpgrade();
    }

    function checkIsPaidAsHoldsAcrossUpgrade() private view {
        for (uint256 i = 0; i < handler.REFERENCES(); ++i) {
            bytes32 orderRef = handler.refAt(i);
            (address wallet, uint256 amount) = (handler.walletOf(orderRef), handler.amountOf(orderRef));
            if (wallet != address(0)) vm.assertTrue(rewards.isPaidAs(orderRef, wallet, amount), "what was paid");
        }
    }

    function checkPaidAmountsMatchEvents() internal view override {
        vm.assertEq(token.totalSupply(), handler.totalPaid(), "supply minted");
    }

    /// Version 2.0.0 has no block numbers, nor have its payments.
    function paidAtBlock(bytes32 orderRef) internal view override returns (uint256) {
        uint256 upgradedIn = upgrading.upgradedIn();
        uint256 paidIn = handler.paidIn(orderRef);
        if (upgradedIn == 0) return paidIn;
        uint256 number = rewards.paidAtBlock(orderRef);
        if (paidIn >= upgradedIn) return number;
        vm.assertEq(number, 0, "unknown");
        return paidIn;
    }

    function expectedMode() internal pure override returns (uint8) {
        return MINT;
    }
}
