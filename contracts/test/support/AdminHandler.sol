// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRewardsProxy} from "./Interfaces.sol";
import {vm} from "./Vm.sol";

/// @title Accounts that pass the admin role around in random order
contract AdminHandler {
    uint256 public constant ACCOUNTS = 4;

    IRewardsProxy public immutable rewards;

    uint256 public time;
    uint256 public transfers;
    /// The role was given up, as the rules allow: offered to nobody, and renounced after the delay.
    bool public renounced;

    constructor(IRewardsProxy newRewards, uint256 start) {
        (rewards, time) = (newRewards, start);
    }

    /// The first account is the admin at the beginning.
    function accountAt(uint256 i) public pure returns (address) {
        return [address(0xA11CE), address(0x5AFE), address(0x09E7A7), address(0x57A6E5)][i % ACCOUNTS];
    }

    function wait(uint32 duration) external {
        time += duration % 3 days;
        vm.warp(time);
    }

    function offer(uint256 caller, uint256 target) external {
        address next = target % 8 == 0 ? address(0) : accountAt(target);
        attempt(accountAt(caller), abi.encodeCall(rewards.beginDefaultAdminTransfer, (next)));
    }

    function offerByAdmin(uint256 target) external {
        address next = target % 8 == 0 ? address(0) : accountAt(target);
        attempt(rewards.defaultAdmin(), abi.encodeCall(rewards.beginDefaultAdminTransfer, (next)));
    }

    function cancel(uint256 caller) external {
        attempt(accountAt(caller), abi.encodeCall(rewards.cancelDefaultAdminTransfer, ()));
    }

    function accept(uint256 caller) external {
        (address pending, uint48 schedule) = rewards.pendingDefaultAdmin();
        bool success = attempt(accountAt(caller), abi.encodeCall(rewards.acceptDefaultAdminTransfer, ()));
        if (!success) return;
        vm.assertEq(pending, accountAt(caller), "only who it was offered to");
        vm.assertTrue(schedule != 0 && schedule < time, "only after the delay");
        ++transfers;
    }

    function renounce(uint256 caller) external {
        address account = accountAt(caller);
        bool isAdmin = account == rewards.defaultAdmin();
        (address pending, uint48 schedule) = rewards.pendingDefaultAdmin();
        bytes memory data = abi.encodeCall(rewards.renounceRole, (rewards.DEFAULT_ADMIN_ROLE(), account));
        if (!attempt(account, data) || !isAdmin) return;
        vm.assertTrue(pending == address(0) && schedule != 0 && schedule < time, "only in two steps");
        renounced = true;
    }

    function changeDelay(uint256 caller, uint48 delay) external {
        attempt(accountAt(caller), abi.encodeCall(rewards.changeDefaultAdminDelay, (delay % 4 days)));
    }

    function grantOrRevoke(uint256 caller, uint256 target, bool granting) external {
        bytes32 adminRole = rewards.DEFAULT_ADMIN_ROLE();
        bytes memory data = granting
            ? abi.encodeCall(rewards.grantRole, (adminRole, accountAt(target)))
            : abi.encodeCall(rewards.revokeRole, (adminRole, accountAt(target)));
        vm.assertFalse(attempt(accountAt(caller), data), "the admin role moves in two steps only");
    }

    function attempt(address sender, bytes memory data) private returns (bool success) {
        vm.prank(sender);
        (success,) = address(rewards).call(data);
    }
}
