// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {IRewardsProxy} from "./support/Interfaces.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {InexactToken} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

/// @dev What only version 1 has.
interface IRewardsV1 {
    function setRewardCap(uint96 cap) external;
}

/// @title Upgrade from the released versions
contract UpgradeTest is RewardsTest {
    /// keccak256("eip1967.proxy.implementation") - 1
    bytes32 internal constant IMPLEMENTATION_SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
    /// ERC-7201 slot of "openzeppelin.storage.Initializable"
    bytes32 internal constant INITIALIZABLE_SLOT = 0xf0c57e16840df040f15088dc2f81fe391c3923bec73e23a9662efc9c229c6a00;
    address internal constant FORMER_ADMIN = address(0xF043E4);

    function test_upgrade_keepsVersionOneState() public {
        fromVersion(versionOne());
        vm.prank(ADMIN);
        IRewardsV1(address(rewards)).setRewardCap(50 ether);
        pay(REFERRER, 5 ether, refAt(0));
        vm.prank(ADMIN);
        rewards.pause();

        address next = upgrade();

        vm.assertEq(implementationOf(address(rewards)), next, "implementation");
        vm.assertEq(rewards.version(), "2.1.0", "version");
        vm.assertTrue(rewards.paused(), "still paused");
        vm.assertEq(rewards.rewardCap(), 50 ether, "cap per reward");
        vm.assertEq(rewards.dailyCap(), 0, "the new cap starts off");
        keepsPaymentsAndRoles();
    }

    function test_upgrade_keepsVersionTwoState() public {
        fromVersion(versionTwo());
        setCaps(50 ether, 60 ether);
        pay(REFERRER, 5 ether, refAt(0));
        vm.prank(ADMIN);
        rewards.pause();

        upgrade();

        vm.assertTrue(rewards.paused(), "still paused");
        vm.assertEq(rewards.rewardCap(), 50 ether, "cap per reward");
        vm.assertEq(rewards.dailyCap(), 60 ether, "daily cap");
        vm.assertEq(rewards.spentToday(), 5 ether, "spent");
        keepsPaymentsAndRoles();
    }

    function test_upgrade_continuesPaying() public {
        fromVersion(versionTwo());
        pay(REFERRER, 5 ether, refAt(0));
        vm.roll(block.number + 100);
        upgrade();
        setCaps(10 ether, 12 ether);

        vm.expectRevert(abi.encodeWithSelector(IReferralRewards.ReferralRewards__AlreadyPaid.selector, refAt(0)));
        pay(REFERRER, 5 ether, refAt(0));
        vm.expectEmit(address(rewards));
        emit IReferralRewards.ReferralSkipped(walletAt(0), 1 ether, refAt(0));
        vm.assertEq(payBatch(batchOf(3)), 2, "only what is new");
        vm.assertEq(rewards.remainingToday(), 7 ether, "the cap counts");
        vm.assertEq(token.totalSupply(), 10 ether, "each once");
        vm.assertEq(rewards.paidAtBlock(refAt(1)), block.number, "new payments carry their block");
    }

    /// The bits of an old proof look like a block between the upgrade and now in one case of millions.
    function test_paidAtBlock_isZeroForEarlierPayments() public {
        fromVersion(versionTwo());
        for (uint256 i = 0; i < 20; ++i) {
            pay(REFERRER, 5 ether + i, refAt(i));
        }
        vm.roll(71_000_000);
        upgrade();
        vm.roll(71_000_100);
        for (uint256 i = 0; i < 20; ++i) {
            vm.assertEq(rewards.paidAtBlock(refAt(i)), 0, "unknown");
            vm.assertTrue(rewards.isPaidAs(refAt(i), REFERRER, 5 ether + i), "proof");
        }
    }

    /// Half of the old proofs look like a block before the upgrade, and half like one that is still to come.
    function test_paidAtBlock_isZeroOutsideNumberedBlocks() public {
        fromVersion(versionTwo());
        for (uint256 i = 0; i < 20; ++i) {
            pay(REFERRER, 5 ether + i, refAt(i));
        }
        vm.roll(2 ** 31);
        upgrade();
        vm.roll(2 ** 31 + 1_000);
        for (uint256 i = 0; i < 20; ++i) {
            vm.assertEq(rewards.paidAtBlock(refAt(i)), 0, "unknown");
        }
    }

    function test_upgrade_withoutInitializerKnowsNoBlocks() public {
        fromVersion(versionTwo());
        pay(REFERRER, 5 ether, refAt(0));
        address next = implementation();
        vm.prank(ADMIN);
        rewards.upgradeToAndCall(next, "");
        pay(REFERRER, 5 ether, refAt(1));
        vm.assertEq(rewards.paidAtBlock(refAt(0)), 0, "unknown");
        vm.assertEq(rewards.paidAtBlock(refAt(1)), 0, "not relied on either");
        vm.prank(ADMIN);
        rewards.initializeAdminRules(new address[](0));
        vm.assertEq(rewards.defaultAdmin(), ADMIN, "can be made up for");
    }

    function test_upgrade_leavesOneAdmin() public {
        fromVersion(versionTwo());
        bytes32 adminRole = rewards.DEFAULT_ADMIN_ROLE();
        vm.prank(ADMIN);
        rewards.grantRole(adminRole, FORMER_ADMIN);
        upgrade();
        vm.assertEq(rewards.defaultAdmin(), ADMIN, "who upgraded");
        vm.assertTrue(rewards.hasRole(adminRole, ADMIN), "has the role");
        vm.assertFalse(rewards.hasRole(adminRole, FORMER_ADMIN), "the other lost it");
        passAdminTo(STRANGER);
        vm.assertFalse(rewards.hasRole(adminRole, ADMIN), "and the role moves in two steps");
    }

    /// The next initializer of an upgrade must be number 3, so this one must be 2.
    function test_upgrade_isSecondInitialization() public {
        fromVersion(versionTwo());
        vm.assertEq(uint256(vm.load(address(rewards), INITIALIZABLE_SLOT)), 1, "before");
        upgrade();
        vm.assertEq(uint256(vm.load(address(rewards), INITIALIZABLE_SLOT)), 2, "after");
    }

    function test_upgrade_checksTokenAgain() public {
        fromVersion(versionTwo());
        InexactToken inexact = new InexactToken();
        vm.prank(ADMIN);
        rewards.setRewardToken(address(inexact)); // version 2.0 allows it while running
        inexact.setDifference(-1);
        pay(REFERRER, 1 ether, refAt(0)); // and believes any token
        upgrade();
        vm.expectRevert(
            abi.encodeWithSelector(IReferralRewards.ReferralRewards__NotMinted.selector, 2 ether - 1, 2 ether - 2)
        );
        pay(REFERRER, 1 ether, refAt(1));
    }

    function test_initializeAdminRules_onlyOnceAndOnlyAdmin() public {
        fromVersion(versionTwo());
        address next = implementation();
        vm.prank(ADMIN);
        rewards.upgradeToAndCall(next, "");
        expectDenied(STRANGER, rewards.DEFAULT_ADMIN_ROLE());
        vm.prank(STRANGER);
        rewards.initializeAdminRules(new address[](0));

        vm.startPrank(ADMIN);
        rewards.initializeAdminRules(new address[](0));
        vm.expectRevert(IRewardsProxy.InvalidInitialization.selector);
        rewards.initializeAdminRules(new address[](0));
        vm.stopPrank();
    }

    function test_upgrade_cannotInitializeAgain() public {
        bytes[2] memory versions = [versionOne(), versionTwo()];
        for (uint256 i = 0; i < versions.length; ++i) {
            fromVersion(versions[i]);
            address next = implementation();
            bytes memory again = abi.encodeCall(rewards.initialize, (STRANGER, STRANGER, address(token), MINT));
            vm.expectRevert(IRewardsProxy.InvalidInitialization.selector);
            vm.prank(ADMIN);
            rewards.upgradeToAndCall(next, again);
        }
    }

    function test_upgrade_revertsForOtherAccounts() public {
        bytes32 adminRole = rewards.DEFAULT_ADMIN_ROLE();
        address before = implementationOf(address(rewards));
        address next = implementation();
        address[2] memory others = [OPERATOR, STRANGER];
        for (uint256 i = 0; i < others.length; ++i) {
            expectDenied(others[i], adminRole);
            vm.prank(others[i]);
            rewards.upgradeToAndCall(next, "");
        }
        vm.assertEq(implementationOf(address(rewards)), before, "unchanged");
    }

    function test_upgrade_revertsOnNonUups() public {
        vm.expectRevert(abi.encodeWithSignature("ERC1967InvalidImplementation(address)", address(token)));
        vm.prank(ADMIN);
        rewards.upgradeToAndCall(address(token), "");
    }

    function test_upgrade_revertsOnImplementation() public {
        address logic = implementation();
        address next = implementation();
        vm.expectRevert(IRewardsProxy.UUPSUnauthorizedCallContext.selector);
        vm.prank(ADMIN);
        IRewardsProxy(logic).upgradeToAndCall(next, "");
        vm.assertEq(IRewardsProxy(logic).proxiableUUID(), IMPLEMENTATION_SLOT, "but says that it is UUPS");
    }

    function keepsPaymentsAndRoles() private view {
        vm.assertEq(rewards.rewardToken(), address(token), "token");
        vm.assertEq(rewards.rewardMode(), MINT, "mode");
        vm.assertTrue(rewards.paidOrders(refAt(0)), "paid");
        vm.assertTrue(rewards.isPaidAs(refAt(0), REFERRER, 5 ether), "proof");
        vm.assertFalse(rewards.isPaidAs(refAt(0), REFERRER, 5 ether + 1), "of this amount only");
        vm.assertTrue(rewards.hasRole(rewards.OPERATOR_ROLE(), OPERATOR), "operator");
        vm.assertEq(rewards.defaultAdmin(), ADMIN, "admin");
    }

    function fromVersion(bytes memory creationCode) private {
        address logic;
        assembly {
            logic := create(0, add(creationCode, 0x20), mload(creationCode))
        }
        bytes memory setup = abi.encodeCall(rewards.initialize, (ADMIN, OPERATOR, address(token), MINT));
        rewards = IRewardsProxy(proxyOf(logic, setup));
        bytes32 minter = token.MINTER_ROLE();
        vm.prank(ADMIN);
        token.grantRole(minter, address(rewards));
    }

    function versionOne() private view returns (bytes memory) {
        return vm.getCode("ReferralRewardsV1.sol:ReferralRewardsV1");
    }

    /// The released bytecode.
    function versionTwo() private view returns (bytes memory) {
        string memory artifact = vm.readFile("test/fixtures/ReferralRewards-2.0.0.json");
        return vm.parseJsonBytes(artifact, ".bytecode");
    }

    function upgrade() private returns (address next) {
        next = implementation();
        address[] memory former = new address[](1);
        former[0] = FORMER_ADMIN;
        bytes memory data = abi.encodeCall(rewards.initializeAdminRules, (former));
        vm.prank(ADMIN);
        rewards.upgradeToAndCall(next, data);
    }

    function implementationOf(address proxy) private view returns (address) {
        return address(uint160(uint256(vm.load(proxy, IMPLEMENTATION_SLOT))));
    }
}
