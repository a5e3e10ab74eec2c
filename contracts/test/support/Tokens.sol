// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {IReferralRewards} from "../../src/interfaces/IReferralRewards.sol";

/// @title Ownable token
contract OwnableToken is ERC20, Ownable {
    constructor(address owner) ERC20("Ownable", "OWN") Ownable(owner) {}

    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }
}

/// @title Ownable token with two-step ownership
contract TwoStepToken is ERC20, Ownable2Step {
    constructor(address owner) ERC20("Two steps", "TWO") Ownable(owner) {}

    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }
}

/// @title Token whose mint returns a bool and has no access control
contract BoolToken is ERC20("Bool", "BOOL") {
    bool public answer = true;

    function setAnswer(bool newAnswer) external {
        answer = newAnswer;
    }

    function mint(address to, uint256 amount) external returns (bool) {
        if (answer) _mint(to, amount);
        return answer;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return answer && super.transfer(to, amount);
    }
}

/// @title Token whose transfer returns nothing
contract SilentToken {
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }
}

/// @title Token with a transfer fee of 1%
contract FeeToken is ERC20("Fee", "FEE") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        _burn(msg.sender, amount / 100);
        return super.transfer(to, amount - amount / 100);
    }
}

/// @title Token with a deny list, as large stablecoins have
contract BlocklistToken is ERC20("Blocklist", "BLK") {
    error Blocked(address wallet);

    mapping(address => bool) public blocked;

    function setBlocked(address wallet, bool isBlocked) external {
        blocked[wallet] = isBlocked;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (blocked[to]) revert Blocked(to);
        super._update(from, to, amount);
    }
}

/// @title Token that calls back into the rewards contract during a payment
/// @dev The tests grant it OPERATOR_ROLE, the worst case.
contract ReentrantToken is ERC20("Reentrant", "RE") {
    address public target;
    bytes public attack;
    bool public succeeded;
    bytes public answer;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function arm(address newTarget, bytes calldata newAttack) external {
        (target, attack) = (newTarget, newAttack);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (attack.length == 0) return;
        bytes memory data = attack;
        attack = "";
        (succeeded, answer) = target.call(data);
    }
}

/// @title Token that reads the contract's state during a payment
contract WatchingToken is ERC20("Watching", "EYE") {
    IReferralRewards public rewards;
    bytes32 public orderRef;
    bool public paidDuringCall;
    uint256 public remainingDuringCall;

    function watch(IReferralRewards newRewards, bytes32 newOrderRef) external {
        (rewards, orderRef) = (newRewards, newOrderRef);
    }

    function mint(address to, uint256 amount) external {
        paidDuringCall = rewards.paidOrders(orderRef);
        remainingDuringCall = rewards.remainingToday();
        _mint(to, amount);
    }
}
