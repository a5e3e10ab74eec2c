// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {IRewardsProxy} from "./support/Interfaces.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {vm} from "./support/Vm.sol";

/// @dev The interface of version 1 only.
interface IRewardsV1 {
    function setRewardCap(uint96 cap) external;
}

/// @title Upgrade from version 1
contract UpgradeTest is RewardsTest {
    /// keccak256("eip1967.proxy.implementation") - 1
    bytes32 internal constant IMPLEMENTATION_SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    function test_upgrade_keepsVersionOneState() public {
        fromVersionOne();
        vm.prank(ADMIN);
        IRewardsV1(address(rewards)).setRewardCap(50 ether);
        pay(REFERRER, 5 ether, refAt(0));
        vm.prank(ADMIN);
        rewards.pause();

        address next = upgrade();

        vm.assertEq(implementationOf(address(rewards)), next, "implementation");
        vm.assertEq(rewards.version(), "2.0.0", "version");
        vm.assertTrue(rewards.paused(), "still paused");
        vm.assertEq(rewards.rewardToken(), address(token), "token");
        vm.assertEq(rewards.rewardMode(), MINT, "mode");
        vm.assertEq(rewards.rewardCap(), 50 ether, "cap per reward");
        vm.assertEq(rewards.dailyCap(), 0, "the new cap starts off");
        vm.assertEq(rewards.spentToday(), 0, "nothing counted");
        vm.assertTrue(rewards.isPaidAs(refAt(0), REFERRER, 5 ether), "proof");
        vm.assertTrue(rewards.hasRole(rewards.DEFAULT_ADMIN_ROLE(), ADMIN), "admin");
        vm.assertTrue(rewards.hasRole(rewards.OPERATOR_ROLE(), OPERATOR), "operator");
    }

    function test_upgrade_continuesPaying() public {
        fromVersionOne();
        pay(REFERRER, 5 ether, refAt(0));
        upgrade();
        setCaps(10 ether, 12 ether);

        vm.expectRevert(abi.encodeWithSelector(IReferralRewards.ReferralRewards__AlreadyPaid.selector, refAt(0)));
        pay(REFERRER, 5 ether, refAt(0));
        vm.expectEmit(address(rewards));
        emit IReferralRewards.ReferralSkipped(walletAt(0), 1 ether, refAt(0));
        vm.assertEq(payBatch(batchOf(3)), 2, "only what is new");
        vm.assertEq(rewards.remainingToday(), 7 ether, "the new cap counts");
        vm.assertEq(token.totalSupply(), 10 ether, "each once");
    }

    function test_upgrade_cannotInitializeAgain() public {
        fromVersionOne();
        address next = implementation();
        bytes memory again = abi.encodeCall(rewards.initialize, (STRANGER, STRANGER, address(token), MINT));
        vm.expectRevert(IRewardsProxy.InvalidInitialization.selector);
        vm.prank(ADMIN);
        rewards.upgradeToAndCall(next, again);
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

    function fromVersionOne() private {
        address logic = vm.deployCode("ReferralRewardsV1.sol:ReferralRewardsV1");
        bytes memory setup = abi.encodeCall(rewards.initialize, (ADMIN, OPERATOR, address(token), MINT));
        rewards = IRewardsProxy(proxyOf(logic, setup));
        bytes32 minter = token.MINTER_ROLE();
        vm.prank(ADMIN);
        token.grantRole(minter, address(rewards));
    }

    function upgrade() private returns (address next) {
        next = implementation();
        vm.prank(ADMIN);
        rewards.upgradeToAndCall(next, "");
    }

    function implementationOf(address proxy) private view returns (address) {
        return address(uint160(uint256(vm.load(proxy, IMPLEMENTATION_SLOT))));
    }
}
