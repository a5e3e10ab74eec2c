// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRewardsProxy} from "./Interfaces.sol";
import {RewardsHandler} from "./RewardsHandler.sol";
import {vm} from "./Vm.sol";

/// @title Random callers of a proxy that starts with version 2.0.0 and is upgraded at some point
contract UpgradeHandler is RewardsHandler {
    address public immutable next;
    /// 0 until then.
    uint256 public upgradedIn;

    constructor(IRewardsProxy newRewards, address newAdmin, address newOperator, uint256 start, address newNext)
        RewardsHandler(newRewards, newAdmin, newOperator, start)
    {
        next = newNext;
    }

    /// One call in four upgrades, in a block of its own, so that there are payments before and after.
    function upgrade(uint256 seed) external {
        if (upgradedIn != 0 || seed % 4 != 0) return;
        vm.roll(block.number + 1);
        vm.prank(admin);
        rewards.upgradeToAndCall(next, abi.encodeCall(rewards.initializeAdminRules, (new address[](0))));
        upgradedIn = block.number;
    }

    /// Version 2.0.0 stores the whole hash.
    function proofOf(uint256 hash) internal view override returns (bytes32) {
        return upgradedIn == 0 ? bytes32(hash) : super.proofOf(hash);
    }
}
