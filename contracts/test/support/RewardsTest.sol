// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {IReferralRewards} from "../../src/interfaces/IReferralRewards.sol";
import {IRewardsProxy, ITestToken} from "./Interfaces.sol";
import {vm} from "./Vm.sol";

/// @title Base of the tests: a proxy in MINT mode with a role-based token
abstract contract RewardsTest {
    address internal constant ADMIN = address(0xA11CE);
    address internal constant OPERATOR = address(0x09E7A7);
    address internal constant STRANGER = address(0x57A6E5);
    address internal constant REFERRER = address(0x4EFE44E4);
    uint8 internal constant MINT = 0;
    uint8 internal constant TRANSFER = 1;
    /// A Saturday, 12:00 UTC.
    uint256 internal constant NOON = 1_795_262_400;

    ITestToken internal token;
    IRewardsProxy internal rewards;

    function setUp() public virtual {
        vm.warp(NOON);
        token = ITestToken(vm.deployCode("TestToken.sol:TestToken", abi.encode(ADMIN)));
        rewards = deploy(address(token), MINT);
        bytes32 minter = token.MINTER_ROLE();
        vm.prank(ADMIN);
        token.grantRole(minter, address(rewards));
    }

    function deploy(address rewardToken, uint8 mode) internal returns (IRewardsProxy) {
        bytes memory setup = abi.encodeCall(IRewardsProxy.initialize, (ADMIN, OPERATOR, rewardToken, mode));
        return IRewardsProxy(proxyOf(implementation(), setup));
    }

    /// Contracts are deployed from the compiler's output. With `new`, every test contract would contain a copy that the
    /// compiler has to optimize.
    function implementation() internal returns (address) {
        return vm.deployCode("ReferralRewards.sol:ReferralRewards");
    }

    function proxyOf(address logic, bytes memory setup) internal returns (address) {
        return vm.deployCode("ERC1967Proxy.sol:ERC1967Proxy", abi.encode(logic, setup));
    }

    function pay(address wallet, uint256 amount, bytes32 orderRef) internal {
        vm.prank(OPERATOR);
        rewards.payReferral(wallet, amount, orderRef);
    }

    function payBatch(IReferralRewards.Payment[] memory payments) internal returns (uint256) {
        vm.prank(OPERATOR);
        return rewards.payReferralBatch(payments);
    }

    /// Change the token the way an admin has to: paused.
    function setToken(address rewardToken) internal {
        vm.startPrank(ADMIN);
        rewards.pause();
        rewards.setRewardToken(rewardToken);
        rewards.unpause();
        vm.stopPrank();
    }

    /// Change the mode the way an admin has to: paused.
    function setMode(uint8 mode) internal {
        vm.startPrank(ADMIN);
        rewards.pause();
        rewards.setRewardMode(mode);
        rewards.unpause();
        vm.stopPrank();
    }

    /// Make another account the admin: offer, wait, accept.
    function passAdminTo(address next) internal {
        vm.prank(ADMIN);
        rewards.beginDefaultAdminTransfer(next);
        vm.warp(NOON + rewards.defaultAdminDelay() + 1);
        vm.prank(next);
        rewards.acceptDefaultAdminTransfer();
    }

    function setCaps(uint256 rewardCap, uint256 dailyCap) internal {
        vm.prank(ADMIN);
        rewards.setCaps(rewardCap, dailyCap);
    }

    /// A batch of `count` unpaid references, each with its own wallet; item i is worth (i + 1) tokens.
    function batchOf(uint256 count) internal pure returns (IReferralRewards.Payment[] memory payments) {
        payments = new IReferralRewards.Payment[](count);
        for (uint256 i = 0; i < count; ++i) {
            payments[i] = payment(i);
        }
    }

    function payment(uint256 i) internal pure returns (IReferralRewards.Payment memory) {
        return IReferralRewards.Payment(walletAt(i), (i + 1) * 1 ether, refAt(i));
    }

    function walletAt(uint256 i) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("wallet", i)))));
    }

    function refAt(uint256 i) internal pure returns (bytes32) {
        return keccak256(bytes(string.concat("store_order_", vm.toString(i), "_1795262400000")));
    }

    function expectDenied(address account, bytes32 role) internal {
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, account, role));
    }

    /// `value` mapped into [low, high].
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + value % (high - low + 1);
    }
}
