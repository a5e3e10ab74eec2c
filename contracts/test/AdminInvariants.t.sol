// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AdminHandler} from "./support/AdminHandler.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {vm} from "./support/Vm.sol";

/// @title One admin, whatever its candidates do in whatever order
/// forge-config: default.invariant.runs = 32
contract AdminInvariantsTest is RewardsTest {
    AdminHandler internal handler;

    function setUp() public override {
        super.setUp();
        handler = new AdminHandler(rewards, NOON);
    }

    /// Foundry reads the targets of random calls.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// No admin is possible only after the last one gave the role up in two steps.
    function invariant_exactlyOneAdmin() public view {
        uint256 admins;
        for (uint256 i = 0; i < handler.ACCOUNTS(); ++i) {
            address account = handler.accountAt(i);
            if (!rewards.hasRole(rewards.DEFAULT_ADMIN_ROLE(), account)) continue;
            vm.assertEq(rewards.defaultAdmin(), account, "the one the contract names");
            ++admins;
        }
        vm.assertEq(admins, handler.renounced() ? 0 : 1, "one admin");
        if (handler.renounced()) vm.assertEq(rewards.defaultAdmin(), address(0), "none is named");
    }
}
